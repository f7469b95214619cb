import { invalid } from '../../base/errors.ts';
import type {
  ContainerConfig,
  ExecConfig,
  HostConfig,
  LinuxCapabilities,
  RuntimeProcess,
  Ulimit,
} from '../../spec/index.ts';
import { type Capability, containerCapabilities } from './capabilities.ts';
import { containerEnvironment } from './environment.ts';
import type { HostFacts } from './host-facts.ts';
import { INIT_PATH } from './mounts.ts';
import { parseSecurityOptions } from './security-options.ts';
import { type ReadRootFile, resolveUser } from './user.ts';

/** The input for a process in a container, whether it is the main process or an exec. */
export interface ProcessInput {
  /** The config, merged with the image's. */
  readonly config: ContainerConfig;
  readonly hostConfig: HostConfig;
  readonly facts: HostFacts;
  /** Reads files of the container's root. */
  readonly readFile: ReadRootFile;
  /** `NAME=value` of links. */
  readonly linkedEnv?: readonly string[];
  /** Called with a text about limits that this host does not allow. */
  readonly warn?: (text: string) => void;
}

const UNLIMITED = Number.POSITIVE_INFINITY;

/** @throws EngineError invalid, internal as {@link resolveUser} */
export function buildProcess(
  input: ProcessInput,
  command: { readonly path: string; readonly args: readonly string[]; readonly withInit: boolean },
): RuntimeProcess {
  const { config, hostConfig } = input;
  const args = [command.path, ...command.args];
  const tty = config.Tty === true;
  return {
    ...base(input, { tty, user: config.User ?? '', privileged: hostConfig.Privileged === true, env: [] }),
    ...(tty ? consoleSize(hostConfig.ConsoleSize) : {}),
    args: command.withInit ? [INIT_PATH, '--', ...args] : args,
    cwd: config.WorkingDir || '/',
  };
}

/**
 * The process of an `exec`. Its environment is the container's, overridden by `exec.Env`. @throws EngineError as {@link
 * buildProcess}
 */
export function buildExecProcess(input: ProcessInput, exec: ExecConfig): RuntimeProcess {
  const { config, hostConfig } = input;
  const tty = exec.Tty === true;
  return {
    ...base(input, {
      tty,
      user: exec.User || (config.User ?? ''),
      privileged: exec.Privileged === true || hostConfig.Privileged === true,
      env: exec.Env ?? [],
    }),
    ...(tty ? consoleSize(exec.ConsoleSize ?? undefined) : {}),
    args: exec.Cmd ?? [],
    cwd: exec.WorkingDir || config.WorkingDir || '/',
  };
}

interface Identity {
  readonly tty: boolean;
  readonly user: string;
  readonly privileged: boolean;
  readonly env: readonly string[];
}

function base(input: ProcessInput, identity: Identity): Omit<RuntimeProcess, 'args' | 'cwd'> {
  const { config, hostConfig, facts } = input;
  const security = parseSecurityOptions(hostConfig.SecurityOpt ?? []);
  const apparmorProfile = apparmor(facts, security.apparmor, identity.privileged);
  const rlimits = (hostConfig.Ulimits ?? []).map((limit) => rlimit(limit, input));
  const { home, ...user } = resolveUser(identity.user, hostConfig.GroupAdd ?? [], input.readFile);
  return {
    terminal: identity.tty,
    user,
    env: containerEnvironment({
      home,
      hostname: config.Hostname ?? '',
      tty: identity.tty,
      linked: input.linkedEnv ?? [],
      own: [...(config.Env ?? []), ...identity.env],
    }),
    capabilities: capabilitySets(
      containerCapabilities(
        { add: hostConfig.CapAdd ?? [], drop: hostConfig.CapDrop ?? [], privileged: identity.privileged },
        facts.capabilities,
      ),
    ),
    oomScoreAdj: oomScore(input),
    ...(rlimits.length === 0 ? {} : { rlimits }),
    ...(security.noNewPrivileges ? { noNewPrivileges: true } : {}),
    ...(apparmorProfile === undefined ? {} : { apparmorProfile }),
  };
}

/** The kernel removes capabilities that a user other than root may not keep. None is inheritable (CVE-2022-24769). */
function capabilitySets(names: readonly Capability[]): LinuxCapabilities {
  return { bounding: names, effective: names, permitted: names };
}

function apparmor(facts: HostFacts, wanted: string | undefined, privileged: boolean): string | undefined {
  if (!facts.apparmor) return undefined;
  if (wanted !== undefined) return wanted;
  if (privileged) return 'unconfined';
  return facts.apparmorDefaultProfile ? 'docker-default' : undefined;
}

/** Without CAP_SYS_RESOURCE no hard limit can be raised. The host's limit is used then, with a warning. */
function rlimit(limit: Ulimit, { facts, warn }: ProcessInput): { type: string; hard: number; soft: number } {
  const type = `RLIMIT_${limit.Name.toUpperCase()}`;
  const hard = limit.Hard < 0 ? UNLIMITED : limit.Hard;
  const soft = limit.Soft < 0 ? UNLIMITED : limit.Soft;
  if (soft > hard) {
    throw invalid(`ulimit soft limit must be less than or equal to hard limit: ${limit.Soft} > ${limit.Hard}`);
  }
  const own = facts.rlimits.get(type);
  if (own === undefined) throw invalid(`invalid ulimit type: ${limit.Name}`);
  if (hard <= own.hard || facts.capabilities.includes('CAP_SYS_RESOURCE')) return { type, hard, soft };
  warn?.(`no CAP_SYS_RESOURCE: ulimit ${limit.Name} is lowered to the host's hard limit of ${own.hard}`);
  return { type, hard: own.hard, soft: Math.min(soft, own.hard) };
}

function oomScore({ hostConfig, facts, warn }: ProcessInput): number {
  const wanted = hostConfig.OomScoreAdj ?? 0;
  const lowest = Math.min(0, facts.oomScoreAdj);
  if (wanted >= lowest || facts.capabilities.includes('CAP_SYS_RESOURCE')) return wanted;
  warn?.(`no CAP_SYS_RESOURCE: the OOM score adjustment ${wanted} is raised to ${lowest}`);
  return lowest;
}

function consoleSize(size: readonly [number, number] | undefined): Pick<RuntimeProcess, 'consoleSize'> {
  if (size === undefined || size[0] <= 0 || size[1] <= 0) return {};
  return { consoleSize: { height: size[0], width: size[1] } };
}
