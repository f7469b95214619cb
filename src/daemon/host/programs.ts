import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { basename, delimiter, join } from 'node:path';
import { EngineError } from '../../base/errors.ts';
import type { Config, RuntimeCommand } from '../config/config.ts';

/** The programs that the engine runs, found once at start. */
export interface Programs {
  /** By the names that `--runtime` takes; paths are absolute. */
  readonly runtimes: Readonly<Record<string, RuntimeCommand>>;
  readonly defaultRuntime: string;
  /** Absolute path of the init for `--init`; undefined when there is none. */
  readonly init: string | undefined;
  /** First line of `--version`, '' when it says nothing. Asked once, when first needed. */
  runtimeVersion(): Promise<string>;
  initVersion(): Promise<string>;
}

const RUNTIMES = ['crun', 'runc'];
const INITS = ['docker-init', 'tini', 'tini-static', 'catatonit'];
const EXTRA_FOLDERS = [
  '/usr/local/sbin',
  '/usr/local/bin',
  '/usr/sbin',
  '/usr/bin',
  '/sbin',
  '/bin',
  '/usr/libexec/podman',
];

/** @throws EngineError unavailable when there is no OCI runtime, invalid when a configured program is missing */
export function findPrograms(config: Config): Programs {
  const runtimes: Record<string, RuntimeCommand> = {};
  for (const name of RUNTIMES) {
    const path = findProgram(name);
    if (path !== undefined) runtimes[name] = { path, args: [] };
  }
  for (const [name, { path, args }] of Object.entries(config.runtimes)) {
    const found = path.startsWith('/') ? path : findProgram(path);
    if (found === undefined) throw new EngineError('invalid', `runtime ${name}: ${path} not found in PATH`);
    runtimes[name] = { path: found, args };
  }
  const defaultRuntime = config.defaultRuntime ?? Object.keys(runtimes)[0];
  if (defaultRuntime === undefined) {
    throw new EngineError('unavailable', 'no OCI runtime found: install crun or runc, or name one with --add-runtime');
  }
  const runtime = runtimes[defaultRuntime];
  if (runtime === undefined) {
    throw new EngineError('invalid', `specified default runtime '${defaultRuntime}' does not exist`);
  }
  const init = config.initPath ?? INITS.map(findProgram).find((path) => path !== undefined);
  return {
    runtimes,
    defaultRuntime,
    init,
    runtimeVersion: once(() => versionOf(runtime.path)),
    initVersion: once(() => (init === undefined ? Promise.resolve('') : versionOf(init))),
  };
}

function findProgram(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...EXTRA_FOLDERS];
  return folders
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
