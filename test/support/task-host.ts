import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../../src/base/logger.ts';
import { createTaskRuntime, type SupervisedTaskRuntime, type TaskExit } from '../../src/runtime/index.ts';
import type { LogSpec, StdioSpec } from '../../src/spec/index.ts';
import { makeBusyboxRootfs } from './busybox-rootfs.ts';
import { type MinimalSpec, minimalSpec } from './minimal-spec.ts';

export const SUPERVISOR = [process.execPath, join(import.meta.dirname, '../../src/supervisor/main.ts')];
export const NO_STDIO: StdioSpec = { tty: false, stdin: false, stdinOnce: false };
export const never = new AbortController().signal;

export type RunOptions = Partial<Omit<MinimalSpec, 'rootfs' | 'args'>> & {
  readonly stdio?: StdioSpec;
  readonly log?: LogSpec;
};

/**
 * A task runtime on folders of its own, with a busybox root file system. Disposing ends everything and asserts that
 * nothing is left.
 */
export class TaskHost implements AsyncDisposable {
  readonly root = mkdtempSync(join(tmpdir(), 'gt-'));
  readonly execRoot = join(this.root, 'x');
  readonly rootfs = makeBusyboxRootfs(join(this.root, 'rootfs'));
  readonly exits: TaskExit[] = [];
  readonly #waiters: { readonly key: string; readonly resolve: (exit: TaskExit) => void }[] = [];
  readonly #runtimeName: string | undefined;
  readonly messages: string[] = [];
  runtime!: SupervisedTaskRuntime;

  private constructor(runtimeName: string | undefined) {
    this.#runtimeName = runtimeName;
  }

  static async open(runtimeName?: string): Promise<TaskHost> {
    const host = new TaskHost(runtimeName);
    await host.connect();
    return host;
  }

  /** Connects as a starting daemon does, also repeatedly. */
  async connect(): Promise<void> {
    const note = (_fields: object, message: string): void => void this.messages.push(message);
    const logger: Logger = { debug() {}, info: note, warn: note, error: note };
    this.runtime = await createTaskRuntime({
      execRoot: this.execRoot,
      runtimes: {},
      defaultRuntime: this.#runtimeName,
      supervisorCommand: SUPERVISOR,
      logger,
    });
    this.runtime.onExit((exit) => {
      this.exits.push(exit);
      const key = exit.execId ?? exit.containerId;
      for (const waiter of this.#waiters.filter((one) => one.key === key)) {
        this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
        waiter.resolve(exit);
      }
    });
  }

  /** Resolves with the next exit of a container, or of an exec by its id. */
  exit(key: string): Promise<TaskExit> {
    return new Promise((resolve) => this.#waiters.push({ key, resolve }));
  }

  newId(): string {
    return randomBytes(32).toString('hex');
  }

  logPath(id: string): string {
    return join(this.root, `${id.slice(0, 12)}.log`);
  }

  log(id: string): LogSpec {
    return { driver: 'json-file', path: this.logPath(id), maxSizeBytes: 0, maxFiles: 1, compress: false };
  }

  /** The text of a container's log, without its frames. */
  logText(id: string): string {
    return textOf(this.logPath(id));
  }

  /** Starts a container and returns its id and pid. */
  async start(
    args: readonly string[],
    options: RunOptions = {},
  ): Promise<{ readonly id: string; readonly pid: number }> {
    const id = options.id ?? this.newId();
    const stdio = options.stdio ?? NO_STDIO;
    const spec = minimalSpec({ ...options, tty: stdio.tty, id, rootfs: this.rootfs, args });
    const log = options.log ?? this.log(id);
    const { pid } = await this.runtime.start({ containerId: id, spec, runtime: undefined, stdio, log }, never);
    return { id, pid };
  }

  /** Runs a container to its end and releases it. */
  async run(
    args: readonly string[],
    options: RunOptions = {},
  ): Promise<{ readonly id: string; readonly exit: TaskExit }> {
    const id = options.id ?? this.newId();
    const ended = this.exit(id);
    await this.start(args, { ...options, id });
    const exit = await ended;
    await this.runtime.release({ containerId: id });
    return { id, exit };
  }

  async exec(containerId: string, args: readonly string[], stdio: StdioSpec = NO_STDIO, execId = this.newId()) {
    const spec = minimalSpec({ id: containerId, rootfs: this.rootfs, args, tty: stdio.tty });
    const task = { containerId, execId, process: spec.process, runtime: undefined, stdio };
    const { pid } = await this.runtime.exec(task, never);
    return { execId, pid };
  }

  async attach(containerId: string, execId?: string, stdin = false): Promise<Duplex> {
    const task = execId === undefined ? { containerId } : { containerId, execId };
    return await this.runtime.attach(task, { stdin, stdout: true, stderr: true }, never);
  }

  async kill(id: string): Promise<TaskExit> {
    const ended = this.exit(id);
    await this.runtime.kill({ containerId: id }, 9);
    const exit = await ended;
    await this.runtime.release({ containerId: id });
    return exit;
  }

  get supervisorPid(): number {
    const started = readFileSync(join(this.execRoot, 'supervisor/supervisor.log'), 'utf8')
      .split('\n')
      .filter((line) => line.includes('supervisor listens'));
    return (JSON.parse(started.at(-1) ?? '{}') as { pid: number }).pid;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.#stopAll();
      await this.runtime.shutdown();
      assert.deepEqual(readdirSync(join(this.execRoot, 'tasks')), [], 'task folders are left');
      assert.deepEqual(readdirSync(join(this.execRoot, 'runtime')), [], 'runtime state is left');
      const left = readdirSync(join(this.execRoot, 'supervisor')).filter(
        (name) => !/^(lock|supervisor\.log)$/.test(name),
      );
      assert.deepEqual(left, [], 'files of the supervisor are left');
    } finally {
      const supervisor = this.supervisorPid;
      await this.runtime[Symbol.asyncDispose]();
      await until(() => isGone(supervisor), 'the supervisor has ended');
      rmSync(this.root, { recursive: true });
    }
  }

  async #stopAll(): Promise<void> {
    for (const task of this.runtime.tasks()) {
      if (task.execId !== undefined) continue;
      if (task.exit === undefined) await this.kill(task.containerId);
      else await this.runtime.release({ containerId: task.containerId });
    }
    // The runtime does not wait for releases: the folders vanish a little later.
    await until(() => readdirSync(join(this.execRoot, 'tasks')).length === 0, 'tasks are removed');
  }
}

/** The text of a json-file log. An entry that is being written is omitted. */
export function textOf(path: string): string {
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => (JSON.parse(line) as { log: string }).log).join('');
}

/** Reads a stream to its end. */
export async function collect(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Splits Docker's frames: text by stream number. */
export function demultiplex(bytes: Buffer): { readonly stdout: string; readonly stderr: string } {
  const found = { 1: [] as Buffer[], 2: [] as Buffer[] };
  for (let at = 0; at < bytes.length; ) {
    const kind = bytes[at];
    assert.ok(kind === 1 || kind === 2, `frame of kind ${kind}`);
    const length = bytes.readUInt32BE(at + 4);
    found[kind].push(bytes.subarray(at + 8, at + 8 + length));
    at += 8 + length;
  }
  return { stdout: Buffer.concat(found[1]).toString(), stderr: Buffer.concat(found[2]).toString() };
}

/** Waits for a condition that nothing announces. Fails after a time that only a hang takes. */
export async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await holds())) {
    assert.ok(Date.now() < deadline, `waited in vain: ${what}`);
    await delay(10);
  }
}

/** Whether a process has ended. A zombie counts as ended. */
export function isGone(pid: number): boolean {
  if (!existsSync(`/proc/${pid}`)) return true;
  try {
    return /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return true;
  }
}
