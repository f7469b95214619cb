import type { NameSockets, SandboxNames } from '../../spec/index.ts';

/**
 * The server of containers' names, a process that outlives the daemon. The supervisor's is the real one.
 *
 * One life of a sandbox in it: `put` with the sockets that receive its DNS queries. `put` again whenever its endpoints
 * or names change, as a whole. `drop` at its end. A daemon that begins puts every sandbox of a running container, with new
 * sockets where the server has none, and drops the others that are `served`.
 */
export interface NameServer {
  /**
   * Serves a sandbox, or replaces its names. Resolves when queries get the new answers. The server has duplicates of
   * `sockets` then. @throws EngineError notFound when it has no sockets of the sandbox and gets none; unavailable; failed
   */
  put(names: SandboxNames, sockets?: NameSockets): Promise<void>;
  /** Forgets sandboxes. Resolves when no query gets their names, and their sockets are closed. @throws as `put` */
  drop(sandboxIds: readonly string[]): Promise<void>;
  /** The ids of the sandboxes that it serves. @throws as `put` */
  served(): Promise<readonly string[]>;
  /** Calls the one listener when a new server may lack sandboxes of the one before. */
  onReplaced(listener: () => void): void;
}
