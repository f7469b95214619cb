import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { promisify } from 'node:util';
import { EngineError, invalid } from '../../base/errors.ts';
import type { RuntimeBinary } from '../../spec/index.ts';

const run = promisify(execFile);
const PROBE_MILLISECONDS = 10_000;
/** Where Debian's crun sees a hybrid host and refuses it. */
const UNIFIED = '/sys/fs/cgroup/unified';
/** Docker's names for whatever its default is. */
const ALIASES = new Set(['', 'io.containerd.runc.v2', 'io.containerd.runtime.v1.linux']);

/** As given by `--add-runtime name=path` or `daemon.json`. */
export interface RuntimeOption {
  readonly path: string;
  readonly args?: readonly string[];
}

export interface Runtimes {
  /** Name of the default, as `info` shows it. */
  readonly defaultName: string;
  readonly names: readonly string[];
  has(name: string): boolean;
  /** @throws EngineError invalid for an unknown name, unavailable when it does not run */
  pick(name: string | undefined): Promise<RuntimeBinary>;
}

/**
 * Finds the OCI runtimes: those configured, and `crun` and `runc` of PATH. Without a chosen default it is crun when it runs, else runc.
 * @throws EngineError unavailable when there is none
 */
export async function findRuntimes(
  configured: Readonly<Record<string, RuntimeOption>>,
  chosen: string | undefined,
): Promise<Runtimes> {
  const options = new Map(Object.entries(configured));
  for (const name of ['crun', 'runc']) {
    const path = options.has(name) ? undefined : findInPath(name);
    if (path !== undefined) options.set(name, { path });
  }
  const probed = new Map<string, Promise<RuntimeBinary>>();
  const probeOnce = (name: string): Promise<RuntimeBinary> => {
    const option = options.get(name);
    if (option === undefined) throw invalid(`unknown or invalid runtime name: ${name}`);
    const binary = probed.get(name) ?? probe(name, option);
    probed.set(name, binary);
    return binary;
  };
  const defaultName = chosen ?? (await firstThatRuns(probeOnce, ['crun', 'runc']));
  if (!options.has(defaultName)) throw invalid(`specified default runtime '${defaultName}' does not exist`);
  return {
    defaultName,
    names: [...options.keys()],
    has: (name) => options.has(name) || ALIASES.has(name),
    pick: async (name) =>
      await probeOnce(name === undefined || (ALIASES.has(name) && !options.has(name)) ? defaultName : name),
  };
}

async function firstThatRuns(
  pick: (name: string) => Promise<RuntimeBinary>,
  names: readonly string[],
): Promise<string> {
  for (const name of names) {
    try {
      await pick(name);
      return name;
    } catch {
      // Absent or broken: the next one.
    }
  }
  throw new EngineError('unavailable', `no OCI runtime works: install ${names.join(' or ')}`);
}

async function probe(name: string, option: RuntimeOption): Promise<RuntimeBinary> {
  const path = isAbsolute(option.path) ? option.path : findInPath(option.path);
  if (path === undefined) throw new EngineError('unavailable', `runtime ${name}: ${option.path} is not in PATH`);
  const args = option.args ?? [];
  try {
    const { stdout } = await run(path, [...args, '--version'], { timeout: PROBE_MILLISECONDS });
    return { path, args, hideUnifiedCgroup: stdout.startsWith('crun') && existsSync(UNIFIED) };
  } catch (error) {
    throw new EngineError('unavailable', `runtime ${name}: ${path} does not run`, { cause: error });
  }
}

function findInPath(name: string): string | undefined {
  for (const folder of (process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin').split(delimiter)) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not in this folder.
    }
  }
  return undefined;
}
