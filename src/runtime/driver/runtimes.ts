import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { promisify } from 'node:util';
import { EngineError, invalid } from '../../base/errors.ts';
import type { RuntimeBinary } from '../../spec/index.ts';

const run = promisify(execFile);
const PROBE_MILLISECONDS = 10_000;
/** Debian's crun refuses a host that has this folder, a hybrid host. */
const UNIFIED = '/sys/fs/cgroup/unified';
/** Docker's names for its default runtime. */
const ALIASES = new Set(['', 'io.containerd.runc.v2', 'io.containerd.runtime.v1.linux']);

/** A runtime of `--add-runtime name=path` or `daemon.json`. */
export interface RuntimeOption {
  readonly path: string;
  readonly args?: readonly string[];
}

export interface KnownRuntime extends RuntimeBinary {
  readonly isCrun: boolean;
}

export interface Runtimes {
  /** Name of the default, as `info` shows it. */
  readonly defaultName: string;
  readonly names: readonly string[];
  has(name: string): boolean;
  /** @throws EngineError invalid for an unknown name, unavailable when it does not run */
  pick(name: string | undefined): Promise<KnownRuntime>;
  /** Replaces the options. @throws EngineError as {@link findRuntimes}; then nothing changes */
  reconfigure(configured: Readonly<Record<string, RuntimeOption>>, chosen: string | undefined): Promise<void>;
}

type Probe = (name: string, option: RuntimeOption) => Promise<KnownRuntime>;

/** The runtimes by name, and the one for containers that name none. */
interface Choice {
  readonly options: ReadonlyMap<string, RuntimeOption>;
  readonly defaultName: string;
}

/**
 * Finds the OCI runtimes: the configured ones, and `crun` and `runc` of PATH. Without a chosen default it is crun when
 * it runs, else runc.
 * @throws EngineError unavailable when there is no runtime, invalid when the chosen one is unknown
 */
export async function findRuntimes(
  configured: Readonly<Record<string, RuntimeOption>>,
  chosen: string | undefined,
): Promise<Runtimes> {
  const probed = new Map<RuntimeOption, Promise<KnownRuntime>>();
  const probeOnce: Probe = (name, option) => {
    const binary = probed.get(option) ?? probe(name, option);
    probed.set(option, binary);
    return binary;
  };
  let choice = await choose(configured, chosen, probeOnce);
  /** Includes runtimes that a reload removed: running containers still need them for exec and delete. */
  const known = new Map(choice.options);
  return {
    get defaultName() {
      return choice.defaultName;
    },
    get names() {
      return [...choice.options.keys()];
    },
    has: (name) => choice.options.has(name) || ALIASES.has(name),
    async pick(given) {
      const name = given === undefined || (ALIASES.has(given) && !known.has(given)) ? choice.defaultName : given;
      const option = known.get(name);
      if (option === undefined) throw invalid(`unknown or invalid runtime name: ${name}`);
      return await probeOnce(name, option);
    },
    async reconfigure(nextConfigured, nextChosen) {
      choice = await choose(nextConfigured, nextChosen, probeOnce);
      for (const [name, option] of choice.options) known.set(name, option);
    },
  };
}

async function choose(
  configured: Readonly<Record<string, RuntimeOption>>,
  chosen: string | undefined,
  probeOnce: Probe,
): Promise<Choice> {
  const options = new Map(Object.entries(configured));
  for (const name of ['crun', 'runc']) {
    const path = options.has(name) ? undefined : findInPath(name);
    if (path !== undefined) options.set(name, { path });
  }
  const defaultName = chosen ?? (await firstThatRuns(options, ['crun', 'runc'], probeOnce));
  if (!options.has(defaultName)) throw invalid(`specified default runtime '${defaultName}' does not exist`);
  return { options, defaultName };
}

async function firstThatRuns(
  options: ReadonlyMap<string, RuntimeOption>,
  names: readonly string[],
  probeOnce: Probe,
): Promise<string> {
  for (const name of names) {
    const option = options.get(name);
    if (option === undefined) continue;
    try {
      await probeOnce(name, option);
      return name;
    } catch {
      // The runtime is broken: try the next one.
    }
  }
  throw new EngineError('unavailable', `no OCI runtime works: install ${names.join(' or ')}`);
}

async function probe(name: string, option: RuntimeOption): Promise<KnownRuntime> {
  const path = isAbsolute(option.path) ? option.path : findInPath(option.path);
  if (path === undefined) throw new EngineError('unavailable', `runtime ${name}: ${option.path} is not in PATH`);
  const args = option.args ?? [];
  try {
    const { stdout } = await run(path, [...args, '--version'], { timeout: PROBE_MILLISECONDS });
    const isCrun = stdout.startsWith('crun');
    return { path, args, isCrun, hideUnifiedCgroup: isCrun && existsSync(UNIFIED) };
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
      // The program is not in this folder.
    }
  }
  return undefined;
}
