import { EngineError } from '../../base/errors.ts';
import type { SandboxNames } from '../../spec/index.ts';
import type { NameServer } from '../names/name-server.ts';

/** Keeps what it is told. It answers no query. */
export interface FakeNameServer extends NameServer {
  readonly sandboxes: ReadonlyMap<string, SandboxNames>;
  /** As after the death of the server and of everything that had its sockets. */
  replace(): void;
}

export function fakeNameServer(): FakeNameServer {
  const sandboxes = new Map<string, SandboxNames>();
  let replaced = (): void => {};
  return {
    sandboxes,
    async put(names, sockets) {
      if (sockets === undefined && !sandboxes.has(names.sandboxId)) {
        throw new EngineError('notFound', `no sockets of ${names.sandboxId}`);
      }
      sandboxes.set(names.sandboxId, names);
    },
    async drop(sandboxIds) {
      for (const id of sandboxIds) sandboxes.delete(id);
    },
    async served() {
      return [...sandboxes.keys()];
    },
    onReplaced(listener) {
      replaced = listener;
    },
    replace() {
      sandboxes.clear();
      replaced();
    },
  };
}
