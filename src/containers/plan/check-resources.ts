import { invalid } from '../../base/errors.ts';
import type { HostFacts } from '../../runtime/index.ts';
import type { HostConfig, Resources } from '../../spec/index.ts';

export type ResourceFacts = Pick<HostFacts, 'limits' | 'cpus' | 'onlineCpus' | 'memoryNodes'>;

export interface CheckedResources<T extends Resources> {
  /** The limits without those that this host does not support. */
  readonly resources: T;
  readonly warnings: readonly string[];
}

const SMALLEST_MEMORY = 6 * 1024 * 1024;
const BILLION = 1_000_000_000;

/** Checks the limits of a create or an update. @throws EngineError invalid with dockerd's texts */
export function checkResources<T extends Resources>(
  given: T,
  facts: ResourceFacts,
  update: boolean,
): CheckedResources<T> {
  const check = new Check(given, facts);
  check.memory(update);
  check.pids();
  check.cpu();
  check.cpusets();
  check.block();
  return { resources: { ...given, ...check.changes }, warnings: check.warnings };
}

class Check {
  readonly warnings: string[] = [];
  readonly changes: { -readonly [K in keyof Resources]: Resources[K] } = {};
  readonly #given: Resources;
  readonly #facts: ResourceFacts;

  constructor(given: Resources, facts: ResourceFacts) {
    this.#given = given;
    this.#facts = facts;
  }

  memory(update: boolean): void {
    const { limits } = this.#facts;
    let { Memory: memory = 0, MemorySwap: swap = 0, MemoryReservation: reservation = 0 } = this.#given;
    if (memory !== 0 && memory < SMALLEST_MEMORY) throw invalid('Minimum memory limit allowed is 6MB');
    if (memory > 0 && !limits.memory) {
      this.#discard('memory limit capabilities or the cgroup is not mounted. Limitation discarded.', {
        Memory: 0,
        MemorySwap: -1,
      });
      memory = 0;
      swap = -1;
    }
    if (memory > 0 && swap !== -1 && !limits.swap) {
      const text = 'swap limit capabilities or the cgroup is not mounted. Memory limited without swap.';
      this.#discard(text, { MemorySwap: -1 });
      swap = -1;
    }
    if (memory > 0 && swap > 0 && swap < memory) {
      throw invalid('Minimum memoryswap limit should be larger than memory limit, see usage');
    }
    if (memory === 0 && swap > 0 && !update) {
      throw invalid('You should always set the Memory limit when using Memoryswap limit, see usage');
    }
    this.#swappiness();
    if (reservation > 0 && !limits.memoryReservation) {
      const text = 'memory soft limit capabilities or the cgroup is not mounted. Limitation discarded.';
      this.#discard(text, { MemoryReservation: 0 });
      reservation = 0;
    }
    if (reservation > 0 && reservation < SMALLEST_MEMORY) throw invalid('Minimum memory reservation allowed is 6MB');
    if (memory > 0 && reservation > 0 && memory < reservation) {
      throw invalid('Minimum memory limit can not be less than memory reservation limit, see usage');
    }
    this.#oomKill(memory);
  }

  #swappiness(): void {
    const { MemorySwappiness: swappiness } = this.#given;
    if (swappiness == null || swappiness === -1) return;
    if (swappiness < 0 || swappiness > 100) {
      throw invalid(`Invalid value: ${swappiness}, valid memory swappiness range is 0-100`);
    }
    if (!this.#facts.limits.swappiness) {
      const text = 'memory swappiness capabilities or the cgroup is not mounted. Memory swappiness discarded.';
      this.#discard(text, { MemorySwappiness: null });
    }
  }

  #oomKill(memory: number): void {
    const { OomKillDisable: disabled } = this.#given;
    if (disabled !== true) return;
    if (!this.#facts.limits.oomKillDisable) {
      this.#discard('OomKillDisable. OomKillDisable discarded.', { OomKillDisable: null });
    } else if (memory === 0) {
      this.warnings.push(
        'OOM killer is disabled for the container, but no memory limit is set, this can result in the system running out of resources.',
      );
    }
  }

  pids(): void {
    const { PidsLimit: limit } = this.#given;
    if (limit != null && limit > 0 && !this.#facts.limits.pids) {
      this.#discard('PIDs limit capabilities or the cgroup is not mounted. PIDs limit discarded.', { PidsLimit: null });
    }
  }

  cpu(): void {
    const { NanoCpus: nano = 0, CpuPeriod: period = 0, CpuQuota: quota = 0, CpuShares: shares = 0 } = this.#given;
    const { limits, cpus } = this.#facts;
    if (nano > 0 && period > 0) throw invalid('Conflicting options: Nano CPUs and CPU Period cannot both be set');
    if (nano > 0 && quota > 0) throw invalid('Conflicting options: Nano CPUs and CPU Quota cannot both be set');
    if (nano > 0 && !limits.cpuCfs) {
      throw invalid(
        'NanoCPUs can not be set, as your kernel does not support CPU CFS scheduler or the cgroup is not mounted',
      );
    }
    if (nano < 0 || nano > cpus * BILLION) {
      throw invalid(`range of CPUs is from 0.01 to ${cpus}.00, as there are only ${cpus} CPUs available`);
    }
    if (shares < 0) throw invalid(`invalid CPU shares (${shares}): value must be a positive integer`);
    if (shares > 0 && !limits.cpuShares) {
      this.#discard('CPU shares or the cgroup is not mounted. Shares discarded.', { CpuShares: 0 });
    }
    if ((period !== 0 || quota !== 0) && !limits.cpuCfs) {
      this.#discard('CPU CFS scheduler. CPU period/quota discarded.', { CpuPeriod: 0, CpuQuota: 0 });
      return;
    }
    if (period !== 0 && (period < 1000 || period > 1_000_000)) {
      throw invalid('CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)');
    }
    if (quota > 0 && quota < 1000) throw invalid('CPU cfs quota can not be less than 1ms (i.e. 1000)');
    if ((this.#given.CpuPercent ?? 0) > 0) {
      this.warnings.push('linux does not support CPU percent. Percent discarded.');
      this.changes.CpuPercent = 0;
    }
  }

  cpusets(): void {
    const { CpusetCpus: cpus = '', CpusetMems: nodes = '' } = this.#given;
    const { limits, onlineCpus, memoryNodes } = this.#facts;
    if ((cpus !== '' || nodes !== '') && !limits.cpuset) {
      const text = 'cpuset or the cgroup is not mounted. Cpuset discarded.';
      this.#discard(text, { CpusetCpus: '', CpusetMems: '' });
      return;
    }
    checkSet(cpus, onlineCpus, { value: 'cpuset cpus', requested: 'Requested CPUs' });
    checkSet(nodes, memoryNodes, { value: 'cpuset mems', requested: 'Requested memory nodes' });
  }

  block(): void {
    const { limits } = this.#facts;
    const { BlkioWeight: weight = 0, BlkioWeightDevice } = this.#given;
    if (weight > 0 && !limits.blkioWeight) {
      this.#discard('Block I/O weight or the cgroup is not mounted. Weight discarded.', { BlkioWeight: 0 });
    } else if (weight > 0 && (weight < 10 || weight > 1000)) {
      throw invalid('Range of blkio weight is from 10 to 1000');
    }
    if ((this.#given.IOMaximumBandwidth ?? 0) !== 0) {
      throw invalid('Invalid QoS settings: linux does not support configuration of maximum bandwidth');
    }
    if ((this.#given.IOMaximumIOps ?? 0) !== 0) {
      throw invalid('Invalid QoS settings: linux does not support configuration of maximum IOPs');
    }
    if ((BlkioWeightDevice ?? []).length > 0 && !limits.blkioWeightDevice) {
      const text = 'Block I/O weight_device or the cgroup is not mounted. Weight-device discarded.';
      this.#discard(text, { BlkioWeightDevice: [] });
    }
    if (limits.blkioThrottle) return;
    for (const [key, what, short] of THROTTLES) {
      if ((this.#given[key] ?? []).length === 0) continue;
      this.#discard(`${what} limit or the cgroup is not mounted. Block I/O ${short} limit discarded.`, { [key]: [] });
    }
  }

  #discard(text: string, changes: Partial<Resources>): void {
    this.warnings.push(`Your kernel does not support ${text}`);
    Object.assign(this.changes, changes);
  }
}

const THROTTLES = [
  ['BlkioDeviceReadBps', 'BPS Block I/O read', 'BPS read'],
  ['BlkioDeviceWriteBps', 'BPS Block I/O write', 'BPS write'],
  ['BlkioDeviceReadIOps', 'IOPS Block read', 'IOPS read'],
  ['BlkioDeviceWriteIOps', 'IOPS Block write', 'IOPS write'],
] as const;

/** Checks the OOM score adjustment and the size of /dev/shm. @throws EngineError invalid */
export function checkScores(hostConfig: HostConfig): void {
  const { OomScoreAdj: score = 0, ShmSize: shm = 0 } = hostConfig;
  if (score < -1000 || score > 1000) throw invalid(`Invalid value ${score}, range for oom score adj is [-1000, 1000]`);
  if (shm < 0) throw invalid('SHM size can not be less than 0');
}

function checkSet(
  text: string,
  available: string,
  names: { readonly value: string; readonly requested: string },
): void {
  if (text === '') return;
  const wanted = parseSet(text);
  if (wanted === undefined) throw invalid(`Invalid value ${text} for ${names.value}: invalid format: ${text}`);
  const known = parseSet(available) ?? [];
  const inKnown = ([first, last]: Range): boolean => {
    for (let n = first; n <= last; n += 1) if (!known.some(([a, b]) => n >= a && n <= b)) return false;
    return true;
  };
  if (!wanted.every(inKnown)) {
    throw invalid(`${names.requested} are not available - requested ${text}, available: ${available}`);
  }
}

type Range = readonly [first: number, last: number];
/** No machine has more CPUs. The bound limits the loops below. */
const HIGHEST = 8192;

/** Parses a list such as `0-3,7`, in the kernel's form. Returns undefined when it is malformed. */
function parseSet(text: string): readonly Range[] | undefined {
  const ranges: Range[] = [];
  for (const part of text.split(',')) {
    const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part);
    if (match === null) return undefined;
    const first = Number(match[1]);
    const last = Number(match[2] ?? match[1]);
    if (last < first || last > HIGHEST) return undefined;
    ranges.push([first, last]);
  }
  return ranges;
}
