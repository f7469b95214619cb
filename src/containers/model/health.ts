import { parseNanos } from '../../base/time.ts';
import type { Health, HealthcheckResult } from '../../spec/index.ts';
import { type Probe, probeOf } from './probe.ts';
import type { ContainerRecord } from './record.ts';

/** Number of results that inspect shows. */
const KEPT_RESULTS = 5;

/**
 * The health of a container. Each function returns the successor of the state before. A start resets the health and
 * keeps the last results.
 *
 *     starting ──success──▶ healthy ◀──success── unhealthy
 *        └──failures beyond the start period: `retries` in a row──▶ unhealthy (also while no checks run, as in dockerd)
 */

/** The health at a start. Undefined for a container without a health check. */
export function startingHealth(record: Pick<ContainerRecord, 'config' | 'health'>): Health | undefined {
  if (probeOf(record.config) === undefined) return undefined;
  return { Status: 'starting', FailingStreak: 0, Log: record.health?.Log ?? [] };
}

/** The health when checks end, because the container is paused or has ended. */
export function unwatchedHealth(health: Health): Health {
  return { ...health, Status: 'unhealthy' };
}

/** The health after a check. */
export function checkedHealth(
  health: Health,
  result: HealthcheckResult,
  facts: { readonly probe: Probe; readonly startedAt: string },
): Health {
  const Log = [...health.Log, result].slice(-KEPT_RESULTS);
  if (result.ExitCode === 0) return { Status: 'healthy', FailingStreak: 0, Log };
  if (health.Status === 'starting' && ageMs(facts.startedAt, result.Start) < facts.probe.startPeriodMs) {
    return { ...health, Log };
  }
  const FailingStreak = health.FailingStreak + 1;
  return { Status: FailingStreak >= facts.probe.retries ? 'unhealthy' : health.Status, FailingStreak, Log };
}

/** Milliseconds until the next check. A start interval never reaches beyond the end of the start period. */
export function nextCheckMs(health: Health, probe: Probe, runsForMs: number): number {
  const remainingMs = probe.startPeriodMs - runsForMs;
  return health.Status === 'starting' && remainingMs > 0
    ? Math.min(probe.startIntervalMs, remainingMs)
    : probe.intervalMs;
}

/** Milliseconds between two RFC 3339 times. */
export function ageMs(startedAt: string, now: string): number {
  const [from, to] = [parseNanos(startedAt), parseNanos(now)];
  return from === undefined || to === undefined ? 0 : Number((to - from) / 1_000_000n);
}
