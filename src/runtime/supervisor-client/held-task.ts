import { closeSync, constants, openSync, rmSync } from 'node:fs';
import {
  acceptDescriptor,
  listenUnix,
  makeFifo,
  openPidfd,
  pidfdExitCode,
  setNonBlocking,
  takeDescriptor,
} from '../../linux/index.ts';
import type { PreparedStreams, StdioSpec, TaskLayout } from '../../spec/index.ts';

const { O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;

export interface HoldRequest {
  readonly stdio: StdioSpec;
  readonly layout: TaskLayout;
}

export interface HeldProcess {
  readonly pid: number;
  /** Descriptor of the pty master in the supervisor. Undefined or -1 when there is none. */
  readonly master: number | undefined;
  readonly supervisorPidfd: number;
}

/**
 * The descriptors of a task that the daemon keeps open, and never reads, so that the task survives its supervisor. A
 * pipe keeps its content while somebody holds a read end, a shell lives while somebody holds its pty's master, and a
 * pidfd keeps an exit code.
 *
 * `prepare` makes pipes and console socket before the start is requested, so that the task is held from its first
 * moment. `adopt` holds a task that runs already.
 */
export class HeldTask implements Disposable {
  readonly #stdio: StdioSpec;
  readonly #layout: TaskLayout;
  readonly #fds = new Set<number>();
  #pidfd: number | undefined;
  #consoleFd: number | undefined;
  #console: { readonly fd: number; readonly path: string } | undefined;

  private constructor({ stdio, layout }: HoldRequest) {
    this.#stdio = stdio;
    this.#layout = layout;
  }

  /**
   * `consolePath` is the socket to which the runtime connects when there is a terminal. Files of an earlier attempt are
   * replaced.
   */
  static prepare(request: HoldRequest, consolePath: string): HeldTask {
    const held = new HeldTask(request);
    try {
      if (request.stdio.tty) held.#listen(consolePath);
      else held.#makeFifos(request.layout);
      return held;
    } catch (error) {
      held[Symbol.dispose]();
      throw error;
    }
  }

  /**
   * Descriptors that are no longer available (the task has just ended) are omitted. `master` is the pty's in the
   * supervisor.
   */
  static adopt(request: HoldRequest, process: HeldProcess): HeldTask {
    const held = new HeldTask(request);
    held.holdProcess(process);
    if (!request.stdio.tty) held.#openFifos(request.layout);
    return held;
  }

  /** The streams for the start request. */
  get prepared(): PreparedStreams {
    return this.#console === undefined ? { fifos: true } : { console: this.#console };
  }

  /** The pty master in this process. Undefined without a terminal. */
  get consoleFd(): number | undefined {
    return this.#consoleFd;
  }

  /**
   * Holds the process, once it is known. Without a `master` its supervisor is lost: then the master that waits in the
   * console socket is taken.
   */
  holdProcess({ pid, master, supervisorPidfd }: HeldProcess): void {
    this.#pidfd ??= this.#take(() => openPidfd(pid));
    if (!this.#stdio.tty || this.#consoleFd !== undefined) return;
    if (master !== undefined && master >= 0)
      this.#consoleFd = this.#take(() => takeDescriptor(supervisorPidfd, master));
    else this.#consoleFd = this.#take(() => this.#acceptMaster());
    // Output that the supervisor has read from the pty passes through this pipe on its way to the log.
    this.#take(() => openSync(this.#layout.stdout, O_RDONLY | O_NONBLOCK));
  }

  /** Closes the socket, once the start has succeeded or failed. */
  closeConsoleSocket(): void {
    const socket = this.#console;
    if (socket === undefined) return;
    this.#console = undefined;
    closeSync(socket.fd);
    rmSync(socket.path, { force: true });
  }

  /** The exit code that the kernel keeps after the process was reaped. Undefined when it keeps none. */
  exitCode(): number | undefined {
    return this.#pidfd === undefined ? undefined : pidfdExitCode(this.#pidfd);
  }

  [Symbol.dispose](): void {
    this.closeConsoleSocket();
    for (const fd of this.#fds) closeSync(fd);
    this.#fds.clear();
    this.#pidfd = undefined;
    this.#consoleFd = undefined;
  }

  #listen(path: string): void {
    rmSync(path, { force: true });
    this.#console = { fd: listenUnix(path), path };
  }

  #makeFifos(layout: TaskLayout): void {
    const make = (path: string): number => {
      rmSync(path, { force: true });
      makeFifo(path, 0o600);
      return this.#open(path, O_RDONLY);
    };
    if (this.#stdio.discardOutput !== true) {
      make(layout.stdout);
      make(layout.stderr);
    }
    if (!this.#stdio.stdin) return;
    const reader = make(layout.stdin);
    if (!this.#stdio.stdinOnce) this.#open(layout.stdin, O_WRONLY);
    this.#fds.delete(reader);
    closeSync(reader);
  }

  #openFifos(layout: TaskLayout): void {
    if (this.#stdio.discardOutput !== true) {
      this.#take(() => this.#open(layout.stdout, O_RDONLY));
      this.#take(() => this.#open(layout.stderr, O_RDONLY));
    }
    // With stdinOnce the clients' connections end with the supervisor, and stdin ends correctly. Otherwise nothing may
    // end stdin.
    if (this.#stdio.stdin && !this.#stdio.stdinOnce) this.#take(() => this.#open(layout.stdin, O_WRONLY));
  }

  #acceptMaster(): number {
    if (this.#console === undefined) throw new Error('no console socket');
    const master = acceptDescriptor(this.#console.fd);
    setNonBlocking(master);
    return master;
  }

  #open(path: string, flags: number): number {
    const fd = openSync(path, flags | O_NONBLOCK);
    this.#fds.add(fd);
    return fd;
  }

  #take(open: () => number): number | undefined {
    try {
      const fd = open();
      this.#fds.add(fd);
      return fd;
    } catch {
      return undefined;
    }
  }
}
