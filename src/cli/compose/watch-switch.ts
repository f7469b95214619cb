import type { Project } from '../../compose/index.ts';
import type { ComposeCall } from './compose-command.ts';

/** Follows the files of a project beside the output of `up`, on and off. */
export class WatchSwitch implements Disposable {
  readonly #call: ComposeCall;
  readonly #project: Project;
  #stop: AbortController | undefined;

  constructor(call: ComposeCall, project: Project) {
    this.#call = call;
    this.#project = project;
  }

  get isOn(): boolean {
    return this.#stop !== undefined;
  }

  /** `onFailed` is called when the watch cannot go on. It is off then. */
  turnOn(onFailed: (error: unknown) => void): void {
    const stop = new AbortController();
    this.#stop = stop;
    const watching = { names: [...this.#project.services.keys()], prunes: true, isQuiet: false };
    const watch = async (): Promise<void> => {
      const { watchProject } = await import('./watch.ts');
      await watchProject(this.#call, this.#project, watching, stop.signal);
    };
    watch().catch((error: unknown) => {
      if (stop.signal.aborted) return;
      this.turnOff();
      onFailed(error);
    });
  }

  turnOff(): void {
    this.#stop?.abort();
    this.#stop = undefined;
  }

  [Symbol.dispose](): void {
    this.turnOff();
  }
}
