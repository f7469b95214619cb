import type { Attachment } from './attachment.ts';

/** Clients that have attached to tasks which do not run yet. */
export class WaitingClients {
  readonly #byTask = new Map<string, Set<Attachment>>();

  /** Keeps a client until its task starts or the client disconnects. */
  add(key: string, attachment: Attachment): void {
    const waiting = this.#byTask.get(key) ?? new Set();
    this.#byTask.set(key, waiting.add(attachment));
    attachment.bind({
      onDrain: () => {},
      onInputEnd: () => {},
      onClose: () => {
        waiting.delete(attachment);
        if (waiting.size === 0 && this.#byTask.get(key) === waiting) this.#byTask.delete(key);
      },
    });
  }

  /** Returns the clients of a task and forgets them. */
  take(key: string): Iterable<Attachment> {
    const waiting = this.#byTask.get(key) ?? [];
    this.#byTask.delete(key);
    return waiting;
  }
}
