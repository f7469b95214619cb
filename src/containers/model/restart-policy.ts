import type { RestartPolicy } from '../../spec/index.ts';

const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 60_000;
/** A run of this length counts as healthy: the back-off starts anew. */
const STEADY_RUN_MS = 10_000;

export interface EndedRun {
  readonly exitCode: number;
  readonly durationMs: number;
  /** Whether `stop` or `kill` ended the run. */
  readonly manuallyStopped: boolean;
  /** Number of restarts since the last start by a user. */
  readonly restartCount: number;
}

/**
 * Whether the policy starts the container again after an exit. A manual stop overrides every policy while the daemon
 * lives.
 */
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

/**
 * Whether the policy starts the container at a start of the daemon. As in dockerd, `always` also starts a container
 * that was stopped by hand.
 */
export function wantsRestartAtBoot(policy: RestartPolicy | undefined, run: EndedRun): boolean {
  return policy?.Name === 'always' || wantsRestart(policy, run);
}

/** `0` sets no limit. */
function belowLimit(policy: RestartPolicy, count: number): boolean {
  const limit = policy.MaximumRetryCount ?? 0;
  return limit === 0 || count < limit;
}

/**
 * Returns the delay before the next restart: 100 ms, doubled each time up to one minute. `previousMs` is 0 before the
 * first restart.
 */
export function restartDelay(previousMs: number, ranForMs: number): number {
  if (previousMs === 0 || ranForMs >= STEADY_RUN_MS) return FIRST_DELAY_MS;
  return Math.min(previousMs * 2, LONGEST_DELAY_MS);
}
