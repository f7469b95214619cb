import type { ContainerConfig, HealthConfig } from '../../spec/index.ts';

const NANOS_PER_MS = 1e6;
const DEFAULTS = { intervalMs: 30_000, timeoutMs: 30_000, startPeriodMs: 0, startIntervalMs: 5_000, retries: 3 };
const SHELL = ['/bin/sh', '-c'];

/** A health check with Docker's defaults filled in. */
export interface Probe {
  readonly command: readonly string[];
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** The number of failed checks in a row that makes the container unhealthy. */
  readonly retries: number;
  /** Failed checks do not count while the container is younger than this. */
  readonly startPeriodMs: number;
  /** Interval between checks during the start period. */
  readonly startIntervalMs: number;
}

/** Undefined when the container has no check: none was given, it is `NONE`, or its kind is unknown. */
export function probeOf(config: Pick<ContainerConfig, 'Healthcheck' | 'Shell'>): Probe | undefined {
  const health = config.Healthcheck;
  const [kind, ...words] = health?.Test ?? [];
  const command = commandOf(kind, words, config.Shell ?? SHELL);
  if (health == null || command === undefined || command.length === 0) return undefined;
  return {
    command,
    intervalMs: milliseconds(health, 'Interval') ?? DEFAULTS.intervalMs,
    timeoutMs: milliseconds(health, 'Timeout') ?? DEFAULTS.timeoutMs,
    startPeriodMs: milliseconds(health, 'StartPeriod') ?? DEFAULTS.startPeriodMs,
    startIntervalMs: milliseconds(health, 'StartInterval') ?? DEFAULTS.startIntervalMs,
    retries: health.Retries || DEFAULTS.retries,
  };
}

function commandOf(
  kind: string | undefined,
  words: readonly string[],
  shell: readonly string[],
): readonly string[] | undefined {
  if (kind === 'CMD') return words;
  if (kind === 'CMD-SHELL') return [...shell, words.join(' ')];
  return undefined;
}

function milliseconds(
  health: HealthConfig,
  name: 'Interval' | 'Timeout' | 'StartPeriod' | 'StartInterval',
): number | undefined {
  const nanos = health[name] ?? 0;
  return nanos === 0 ? undefined : nanos / NANOS_PER_MS;
}
