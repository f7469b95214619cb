import { parseNanos } from '../../base/time.ts';
import type { Health, HealthcheckResult } from '../../spec/index.ts';
import { type Probe, probeOf } from './probe.ts';
import type { ContainerRecord } from './record.ts';

/** Results that inspect shows. */
const KEPT_RESULTS = 5;

/**
 * The health of a container, as a successor of the one before. It starts anew with each start and keeps the last results.
 *
 *     starting ──success──▶ healthy ◀──success── unhealthy
 *        └──failures beyond the start period: `retries` in a row──▶ unhealthy (also while nobody checks, as dockerd has it)
 */

/** At a start; undefined for a container without a check. */
export function startingHealth(record: Pick<ContainerRecord, 'config' | 'health'>): Health | undefined {
  if (probeOf(record.config) === undefined) return undefined;
  return { Status: 'starting', FailingStreak: 0, Log: record.health?.Log ?? [] };
}

/** Nobody checks any more: the container is paused or has ended. */
export function unwatchedHealth(health: Health): Health {
  return { ...health, Status: 'unhealthy' };
}

/** After a check. */
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

/** Milliseconds until the next check. A start interval never reaches beyond the start period. */
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
