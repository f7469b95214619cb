import type { RestartPolicy } from '../../spec/index.ts';

const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 60_000;
/** A run of this length proves the container healthy: the back-off starts anew. */
const STEADY_RUN_MS = 10_000;

export interface EndedRun {
  readonly exitCode: number;
  readonly durationMs: number;
  /** By `stop` or `kill`. */
  readonly manuallyStopped: boolean;
  /** Restarts so far, since the last start by a user. */
  readonly restartCount: number;
}

/** Whether the policy starts the container again. A manual stop wins over every policy while the daemon lives. */
export function wantsRestart(policy: RestartPolicy | undefined, run: EndedRun): boolean {
  if (run.manuallyStopped) return false;
  switch (policy?.Name) {
    case 'always':
    case 'unless-stopped':
      return true;
    case 'on-failure':
      return run.exitCode !== 0 && belowLimit(policy, run.restartCount);
    default:
      return false;
  }
}

/** The same over a restart of the daemon, where `always` revives what was stopped by hand (as dockerd does). */
export function wantsRestartAtBoot(policy: RestartPolicy | undefined, run: EndedRun): boolean {
  return policy?.Name === 'always' || wantsRestart(policy, run);
}

/** `0` does not limit. */
function belowLimit(policy: RestartPolicy, count: number): boolean {
  const limit = policy.MaximumRetryCount ?? 0;
  return limit === 0 || count < limit;
}

/** Delay before the next restart: 100 ms, doubled each time to one minute. `previousMs` 0 for none. */
export function restartDelay(previousMs: number, ranForMs: number): number {
  if (previousMs === 0 || ranForMs >= STEADY_RUN_MS) return FIRST_DELAY_MS;
  return Math.min(previousMs * 2, LONGEST_DELAY_MS);
}
