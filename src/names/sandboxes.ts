import { closeSync } from 'node:fs';
import { openPidfd, takeDescriptor } from '../linux/index.ts';
import type { NameSockets, SandboxNames, ServedSandbox } from '../spec/index.ts';
import { type AnswerDeps, answer, serverFailure } from './answer.ts';
import { Forwarder, type ForwarderDeps } from './forwarder.ts';
import type { NameIndex } from './name-index.ts';
import { openSandboxServer, type RespondTo, type SandboxServer } from './sandbox-server.ts';

export interface SandboxesDeps extends ForwarderDeps, AnswerDeps {
  readonly index: NameIndex;
}

/** Descriptors of another process. */
export interface OfferedSockets extends NameSockets {
  readonly pid: number;
}

interface Entry {
  names: SandboxNames;
  server: SandboxServer;
  readonly forwarder: Forwarder;
}

/** The sandboxes that are served. Call one verb at a time. */
export class Sandboxes {
  readonly #deps: SandboxesDeps;
  readonly #entries = new Map<string, Entry>();

  constructor(deps: SandboxesDeps) {
    this.#deps = deps;
  }

  get count(): number {
    return this.#entries.size;
  }

  list(): readonly ServedSandbox[] {
    return [...this.#entries.values()].map(({ names, server }) => ({ names, sockets: server.sockets }));
  }

  /**
   * Serves a sandbox, or replaces its names, and its sockets where some are offered. When this fails, all is as before.
   * @throws Error without sockets for an unknown sandbox; SyscallError ESRCH, EBADF, EPERM for descriptors that cannot
   * be taken
   */
  async put(names: SandboxNames, offered?: OfferedSockets): Promise<void> {
    const known = this.#entries.get(names.sandboxId);
    if (known === undefined && offered === undefined) throw new Error('no sockets');
    const forwarder = known?.forwarder ?? new Forwarder(this.#deps, names);
    if (offered !== undefined) {
      const server = await openSandboxServer(take(offered), this.#responder(names.sandboxId, forwarder));
      if (known === undefined) this.#entries.set(names.sandboxId, { names, server, forwarder });
      else {
        known.server[Symbol.dispose]();
        known.server = server;
      }
    }
    if (known !== undefined) known.names = names;
    forwarder.use(names);
    this.#deps.index.put(names);
  }

  /** Unknown sandboxes are success. */
  drop(sandboxIds: readonly string[]): void {
    for (const sandboxId of sandboxIds) {
      const entry = this.#entries.get(sandboxId);
      this.#entries.delete(sandboxId);
      this.#deps.index.drop(sandboxId);
      entry?.server[Symbol.dispose]();
      entry?.forwarder[Symbol.dispose]();
    }
  }

  #responder(sandboxId: string, forwarder: Forwarder): RespondTo {
    return (bytes, transport) => {
      const asked = { sandboxId, bytes, transport };
      const verdict = answer(this.#deps, asked);
      if (verdict === undefined) return undefined;
      if ('answer' in verdict) return verdict.answer;
      const query = verdict.forward;
      return forwarder.ask({ bytes, query, transport }).then((reply) => reply ?? serverFailure(asked, query));
    };
  }
}

/** Duplicates both descriptors into this process. */
function take({ pid, udp, tcp }: OfferedSockets): NameSockets {
  const pidfd = openPidfd(pid);
  try {
    const ownUdp = takeDescriptor(pidfd, udp);
    try {
      return { udp: ownUdp, tcp: takeDescriptor(pidfd, tcp) };
    } catch (error) {
      closeSync(ownUdp);
      throw error;
    }
  } finally {
    closeSync(pidfd);
  }
}
