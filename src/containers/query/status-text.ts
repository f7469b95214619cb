import { parseNanos, ZERO_TIME } from '../../base/time.ts';
import type { ContainerRecord } from '../model/record.ts';

const MINUTE = 60;
const HOUR = 60 * MINUTE;

/** The STATUS column: `Up 3 seconds (Paused)`, `Exited (0) 2 minutes ago`, as dockerd words it. */
export function statusText(record: ContainerRecord, nowNanos: bigint): string {
  const { state, phase } = record;
  if (phase === 'removing') return 'Removal In Progress';
  if (state.running) {
    if (state.restarting) return `Restarting (${state.exitCode}) ${since(state.finishedAt, nowNanos)} ago`;
    return `Up ${since(state.startedAt, nowNanos)}${condition(record)}`;
  }
  if (state.dead) return 'Dead';
  if (state.startedAt === ZERO_TIME) return 'Created';
  return state.finishedAt === ZERO_TIME ? '' : `Exited (${state.exitCode}) ${since(state.finishedAt, nowNanos)} ago`;
}

function condition({ state, health }: ContainerRecord): string {
  if (state.paused) return ' (Paused)';
  if (health === undefined) return '';
  return health.Status === 'starting' ? ' (health: starting)' : ` (${health.Status})`;
}

function since(time: string, nowNanos: bigint): string {
  const then = parseNanos(time);
  return then === undefined ? '' : humanDuration(Number(nowNanos - then) / 1e9);
}

/** Formats a duration as go-units' HumanDuration does: in its largest unit only. */
export function humanDuration(seconds: number): string {
  const whole = Math.floor(seconds);
  if (whole < 1) return 'Less than a second';
  if (whole === 1) return '1 second';
  if (whole < MINUTE) return `${whole} seconds`;
  const minutes = Math.floor(whole / MINUTE);
  if (minutes === 1) return 'About a minute';
  if (minutes < 60) return `${minutes} minutes`;
  const hours = Math.floor(seconds / HOUR + 0.5);
  if (hours === 1) return 'About an hour';
  if (hours < 48) return `${hours} hours`;
  if (hours < 24 * 7 * 2) return `${Math.floor(hours / 24)} days`;
  if (hours < 24 * 30 * 2) return `${Math.floor(hours / 24 / 7)} weeks`;
  if (hours < 24 * 365 * 2) return `${Math.floor(hours / 24 / 30)} months`;
  return `${Math.floor(hours / 24 / 365)} years`;
}
