import { closeSync, constants, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { messageOf } from '../base/errors.ts';
import { isObject } from '../base/is-object.ts';
import { type ChildFile, spawnProcess, withoutMount } from '../linux/index.ts';
import {
  type RuntimeBinary,
  type RuntimeReply,
  runtimeRoot,
  supervisorFolder,
  type TaskLayout,
} from '../spec/index.ts';
import type { ChildReaper } from './child-reaper.ts';
import { NULL, NullDevice } from './null-device.ts';

const { O_RDONLY, O_RDWR, O_WRONLY, O_CREAT, O_TRUNC } = constants;
const UNIFIED = { parent: '/sys/fs/cgroup', target: '/sys/fs/cgroup/unified' };
const ENV = [`PATH=${process.env['PATH'] ?? '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'}`];

/** Files for a task's stdio: paths in the host's tree. An absent one is the {@link NullDevice}. */
export interface ProcessFiles {
  readonly stdin?: string;
  readonly stdout?: string;
  readonly stderr?: string;
}

/** Spawns crun, runc or another OCI runtime, and reads its messages. */
export class OciRuntime implements Disposable {
  readonly #execRoot: string;
  readonly #reaper: ChildReaper;
  /** The host's mount namespace. It is opened when a runtime first needs a copy without the unified cgroup mount. */
  #home = -1;
  readonly #null = new NullDevice();
  #runs = 0;

  constructor(execRoot: string, reaper: ChildReaper) {
    this.#execRoot = execRoot;
    this.#reaper = reaper;
  }

  /** Runs a task's command (`run`, `exec`) with the task's own files. Resolves with the runtime's exit code. */
  launch(binary: RuntimeBinary, layout: TaskLayout, args: readonly string[], files: ProcessFiles): Promise<number> {
    const all = [
      ...binary.args,
      '--root',
      runtimeRoot(this.#execRoot),
      '--log',
      layout.runtimeLog,
      '--log-format',
      'json',
    ];
    return this.#spawn(
      binary,
      [...all, ...args],
      [
        { fd: 0, path: files.stdin ?? this.#null.path, flags: O_RDONLY },
        // Opened read-write, so that the process never gets SIGPIPE, with or without a reader.
        { fd: 1, path: files.stdout ?? this.#null.path, flags: O_RDWR },
        { fd: 2, path: files.stderr ?? this.#null.path, flags: O_RDWR },
      ],
    );
  }

  /** Runs any other command to its end and returns its output. */
  async run(binary: RuntimeBinary, args: readonly string[], input?: string): Promise<RuntimeReply> {
    const base = `${supervisorFolder(this.#execRoot)}/run-${++this.#runs}`;
    const paths = { in: `${base}.in`, out: `${base}.out`, err: `${base}.err` };
    try {
      if (input !== undefined) writeFileSync(paths.in, input, { mode: 0o600 });
      const exitCode = await this.#spawn(
        binary,
        [...binary.args, '--root', runtimeRoot(this.#execRoot), ...args],
        [
          { fd: 0, path: input === undefined ? NULL : paths.in, flags: O_RDONLY },
          { fd: 1, path: paths.out, flags: O_WRONLY | O_CREAT | O_TRUNC },
          { fd: 2, path: paths.err, flags: O_WRONLY | O_CREAT | O_TRUNC },
        ],
      );
      return { exitCode, stdout: readFileSync(paths.out, 'utf8'), stderr: readFileSync(paths.err, 'utf8') };
    } finally {
      for (const path of Object.values(paths)) rmSync(path, { force: true });
    }
  }

  [Symbol.dispose](): void {
    if (this.#home >= 0) closeSync(this.#home);
    this.#home = -1;
    this.#null[Symbol.dispose]();
  }

  #spawn(binary: RuntimeBinary, args: readonly string[], files: readonly ChildFile[]): Promise<number> {
    const spawn = (): number => spawnProcess(binary.path, args, { env: ENV, files });
    return new Promise((resolve, reject) => {
      try {
        if (binary.hideUnifiedCgroup && this.#home < 0) this.#home = openSync('/proc/thread-self/ns/mnt', 'r');
        this.#reaper.watchProgram(
          binary.hideUnifiedCgroup ? withoutMount(this.#home, UNIFIED, spawn) : spawn(),
          resolve,
        );
      } catch (error) {
        reject(error);
      }
    });
  }
}

/** The last error in a runtime's JSON log. When there is none, a text with the exit code. */
export function runtimeFailure(layout: TaskLayout, exitCode: number): string {
  let message = `runtime exited with ${exitCode}`;
  try {
    for (const line of readFileSync(layout.runtimeLog, 'utf8').split('\n')) {
      if (line === '') continue;
      const entry: unknown = JSON.parse(line);
      if (isObject(entry) && typeof entry['msg'] === 'string') {
        if (!('level' in entry) || entry['level'] === 'error' || entry['level'] === 'fatal') message = entry['msg'];
      }
    }
  } catch (error) {
    return `${message} (${messageOf(error)})`;
  }
  return message;
}
