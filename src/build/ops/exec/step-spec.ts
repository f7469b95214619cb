import { invalid } from '../../../base/errors.ts';
import { variableName } from '../../../base/variable-name.ts';
import { type ExecOp, type Meta, type OpMetadata, securityMode } from '../../../grpc/messages/pb.ts';
import { readInRoot } from '../../../linux/index.ts';
import {
  buildRuntimeSpec,
  MASKED_PATHS,
  overrideEnvironment,
  READONLY_PATHS,
  type SpecInput,
  USER_FILE_BYTES_MAX,
} from '../../../runtime/index.ts';
import type { HostConfig, RuntimeSpec } from '../../../spec/index.ts';
import type { BuildPorts } from '../../ports.ts';
import type { StepMounts } from './step-mounts.ts';

export interface StepSpecInput {
  readonly id: string;
  readonly exec: Pick<ExecOp, 'security'>;
  readonly meta: Meta;
  readonly resources: OpMetadata['linux_resources'];
  readonly hostname: string;
  readonly mounts: StepMounts;
  readonly files: SpecInput['files'];
  /** Path of the network namespace. Undefined for the host's. */
  readonly netnsPath: string | undefined;
  /** `NAME=value` of secrets. */
  readonly secretVariables: readonly string[];
  readonly hasTerminal?: boolean;
  readonly ports: Pick<BuildPorts, 'host' | 'folder' | 'logger' | 'limits'>;
}

/** Builds the OCI runtime's configuration of a step, by the rules of containers. @throws EngineError invalid, failed */
export function stepSpec(input: StepSpecInput): RuntimeSpec {
  const { id, meta, hostname, mounts, files, netnsPath, ports } = input;
  const env = overrideEnvironment(meta.env, [...proxyVariables(meta), ...input.secretVariables]);
  const [path = '', ...args] = meta.args;
  checkTexts([...meta.args, ...env, meta.cwd, meta.user, hostname]);
  const spec = buildRuntimeSpec({
    ...{ id, path, args, rootfs: mounts.rootfs, mounts: mounts.mounts, files },
    config: { Hostname: hostname, User: meta.user, Env: env, WorkingDir: meta.cwd, Tty: input.hasTerminal === true },
    hostConfig: stepHostConfig(input),
    facts: ports.host,
    readFile: (file) => readInRoot(mounts.rootfs, file, USER_FILE_BYTES_MAX)?.toString('utf8'),
    warn: (text) => ports.logger.warn({ step: id }, text),
    namespaces: { network: netnsPath },
    dataRoot: ports.folder,
  });
  // BuildKit's steps have no variable with the host's name.
  const hasName = env.some((variable) => variableName(variable) === 'HOSTNAME');
  const shown = spec.process.env.filter((variable) => hasName || variableName(variable) !== 'HOSTNAME');
  return { ...spec, process: { ...spec.process, env: shown } };
}

/** The kernel's strings end with a NUL: the step would run something else. @throws EngineError invalid */
function checkTexts(texts: readonly string[]): void {
  if (texts.some((text) => text.includes('\0'))) throw invalid('invalid argument: it contains a null byte');
}

/** What a step is limited to, as containers have it. */
export function stepHostConfig({ exec, meta, mounts, resources, ports }: StepSpecInput): HostConfig {
  const { security } = exec;
  const given = meta.ulimit.map(({ Name, Soft, Hard }) => ({ Name, Soft: Number(Soft), Hard: Number(Hard) }));
  const isPrivileged = security === securityMode.INSECURE;
  const { memory = 0, memorySwap = 0, cpuShares = 0, cpuPeriod = 0, cpuQuota = 0 } = resources ?? {};
  return {
    ...{ Privileged: isPrivileged, ReadonlyRootfs: mounts.isRootReadOnly, CgroupParent: meta.cgroupParent },
    MaskedPaths: isPrivileged ? null : MASKED_PATHS,
    ReadonlyPaths: isPrivileged ? null : READONLY_PATHS,
    CgroupnsMode: ports.host.cgroup === 'v2' ? 'private' : 'host',
    Ulimits: [...given, ...ports.limits.ulimits.filter(({ Name }) => given.every((own) => own.Name !== Name))],
    ...{ Memory: memory, MemorySwap: memory > 0 && memorySwap === 0 ? memory * 2 : memorySwap },
    ...{ CpuShares: cpuShares, CpuPeriod: cpuPeriod, CpuQuota: cpuQuota },
    ...{ CpusetCpus: resources?.cpusetCpus ?? '', CpusetMems: resources?.cpusetMems ?? '' },
  };
}

function proxyVariables({ proxy_env: proxy }: Meta): readonly string[] {
  const values = {
    HTTP_PROXY: proxy?.http_proxy,
    HTTPS_PROXY: proxy?.https_proxy,
    FTP_PROXY: proxy?.ftp_proxy,
    NO_PROXY: proxy?.no_proxy,
    ALL_PROXY: proxy?.all_proxy,
  };
  return Object.entries(values).flatMap(([name, value]) =>
    value === undefined || value === '' ? [] : [`${name}=${value}`, `${name.toLowerCase()}=${value}`],
  );
}
