import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { basename, delimiter, join } from 'node:path';
import type { Runtimes } from '../../runtime/index.ts';
import type { Config } from '../config/config.ts';

/** The programs that the engine runs, for `version` and `info`. Their versions are read once, at the first use. */
export interface Programs {
  readonly defaultRuntime: string;
  /** Runtimes by the names that `--runtime` accepts. One that does not work has its name as path. */
  runtimes(): Promise<Readonly<Record<string, { readonly path: string; readonly args: readonly string[] }>>>;
  /** Absolute path of the init program for `--init`. Undefined when there is none. */
  readonly init: string | undefined;
  /** Such as `crun 1.8.1`. '' when it is unknown. */
  runtimeVersion(): Promise<string>;
  initVersion(): Promise<string>;
}

export function describePrograms(runtimes: Runtimes, init: string | undefined): Programs {
  return {
    get defaultRuntime() {
      return runtimes.defaultName;
    },
    runtimes: async () => {
      const entries = runtimes.names.map(async (name) => [name, await described(runtimes, name)] as const);
      return Object.fromEntries(await Promise.all(entries));
    },
    init,
    runtimeVersion: once(async () => versionOf((await runtimes.pick(undefined)).path)),
    initVersion: once(async () => (init === undefined ? '' : versionOf(init))),
  };
}

async function described(runtimes: Runtimes, name: string): Promise<{ path: string; args: readonly string[] }> {
  try {
    const { path, args } = await runtimes.pick(name);
    return { path, args };
  } catch {
    return { path: name, args: [] };
  }
}

// The init program runs inside images without libraries: the static ones are preferred.
const INITS = ['docker-init', 'tini-static', 'catatonit', 'tini'];
const EXTRA_FOLDERS = ['/usr/local/bin', '/usr/bin', '/bin', '/usr/sbin', '/usr/libexec/podman', '/usr/libexec/docker'];

/** The configured init program, else the first known one that is installed. */
export function findInit(config: Config): string | undefined {
  return config.initPath ?? INITS.map(findProgram).find((path) => path !== undefined);
}

function findProgram(name: string): string | undefined {
  return [...(process.env['PATH'] ?? '').split(delimiter), ...EXTRA_FOLDERS]
    .filter((folder) => folder.startsWith('/'))
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

const VERSION_TIMEOUT_MS = 2_000;

function versionOf(path: string): Promise<string> {
  return new Promise((resolve) => {
    execFile(path, ['--version'], { timeout: VERSION_TIMEOUT_MS }, (error, stdout) => {
      const line = error === null ? (stdout.split('\n')[0] ?? '').trim() : '';
      const version = /version\s+(\S+)/.exec(line)?.[1] ?? line;
      resolve(version === '' ? '' : `${basename(path)} ${version}`);
    });
  });
}

function once<T>(work: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => {
    result ??= work();
    return result;
  };
}
