import { ZERO_TIME } from '../../base/time.ts';
import type { ContainerState, ContainerStatus, ExitRecord } from '../../spec/index.ts';
import { startingHealth, unwatchedHealth } from './health.ts';
import type { ContainerRecord, StoredState } from './record.ts';

/**
 * The state machine of a container. Each function takes a record and returns its successor. No other code writes
 * `state`.
 *
 *     created ──start──▶ running ◀──pause/unpause──▶ paused
 *        ▲ (failed)        │ exit                       │ exit
 *        └─────────────────┼────────────────────────────┘
 *                          ├──▶ exited ──start──▶ running
 *                          └──▶ restarting ──(back-off)──▶ running, or exited when stopped or when its start fails
 *     any but running ──remove──▶ removing ──▶ gone; dead when that failed
 */

/** The exit code shown for an exit that no process could observe. */
export const UNKNOWN_EXIT_CODE = 255;
/** The exit code of a failed start without a more specific code, for a container that has no exit code yet. */
export const NOT_STARTED = 128;
const UNKNOWN_EXIT = 'the exit status could not be learned';

/** `Status`, as `docker inspect` spells it. */
export function statusOf(record: Pick<ContainerRecord, 'phase' | 'state'>): ContainerStatus {
  const { state } = record;
  if (state.dead) return 'dead';
  if (record.phase === 'removing') return 'removing';
  if (state.running) {
    if (state.paused) return 'paused';
    return state.restarting ? 'restarting' : 'running';
  }
  return state.startedAt === ZERO_TIME ? 'created' : 'exited';
}

/** Whether a process exists: the container runs or is paused, and does not wait for a restart. */
export function hasProcess(record: ContainerRecord): boolean {
  return record.state.running && !record.state.restarting;
}

export function started(record: ContainerRecord, task: { pid: number; startedAt: string }): ContainerRecord {
  const health = startingHealth(record);
  return {
    ...record,
    ...(health === undefined ? {} : { health }),
    phase: 'ready',
    state: {
      ...record.state,
      running: true,
      paused: false,
      restarting: false,
      oomKilled: false,
      pid: task.pid,
      exitCode: 0,
      error: '',
      startedAt: task.startedAt,
    },
  };
}

/**
 * The record after a failed start, as in dockerd: a container that never ran stays `created`, and {@link NOT_STARTED} does
 * not replace the exit code of an earlier run.
 */
export function startFailed(record: ContainerRecord, failure: { exitCode: number; error: string }): ContainerRecord {
  const { sandbox: _sandbox, ...rest } = record;
  const earlier = record.state.exitCode;
  const exitCode = failure.exitCode === NOT_STARTED && earlier !== 0 ? earlier : failure.exitCode;
  return {
    ...rest,
    phase: 'ready',
    state: { ...record.state, running: false, restarting: false, paused: false, pid: 0, ...failure, exitCode },
  };
}

/** The record after a failed removal. Only another removal follows. */
export function dead(record: ContainerRecord): ContainerRecord {
  return { ...record, state: { ...record.state, dead: true } };
}

export function exited(record: ContainerRecord, exit: ExitRecord, next: 'exited' | 'restarting'): ContainerRecord {
  const state: StoredState = {
    ...record.state,
    running: next === 'restarting',
    restarting: next === 'restarting',
    paused: false,
    pid: 0,
    oomKilled: exit.oomKilled,
    exitCode: exit.exitCode ?? UNKNOWN_EXIT_CODE,
    error: exit.exitCode === null ? UNKNOWN_EXIT : '',
    finishedAt: exit.exitedAt,
  };
  const { sandbox: _gone, ...rest } = record;
  const restartCount = record.restartCount + (next === 'restarting' ? 1 : 0);
  return { ...rest, ...unwatched(record), ...lastPorts(record), phase: 'ready', state, restartCount };
}

/** The next start asks for the same ports of the host, where the engine has chosen them. */
function lastPorts({ sandbox, hostConfig }: ContainerRecord): Pick<ContainerRecord, 'lastPorts'> {
  const isChosen = (port: string): boolean =>
    hostConfig.PublishAllPorts === true ||
    (hostConfig.PortBindings?.[port] ?? []).some(({ HostPort = '' }) => !/^[1-9]\d*$/.test(HostPort));
  const ports = Object.entries(sandbox?.ports ?? {}).filter(([port, bindings]) => bindings?.length && isChosen(port));
  return ports.length === 0 ? {} : { lastPorts: Object.fromEntries(ports) };
}

/** The record of a container that a restart policy will start after a restart of the daemon. */
export function awaitingRestart(record: ContainerRecord): ContainerRecord {
  return { ...record, state: { ...record.state, running: true, restarting: true } };
}

/** The record after a restart that was waited for has been cancelled. */
export function restartAbandoned(record: ContainerRecord): ContainerRecord {
  return { ...record, state: { ...record.state, running: false, restarting: false } };
}

/**
 * The record after the kernel has killed a process of the container for lack of memory. The container may still run.
 */
export function shortOfMemory(record: ContainerRecord): ContainerRecord {
  return { ...record, state: { ...record.state, oomKilled: true } };
}

export function paused(record: ContainerRecord, isPaused: boolean): ContainerRecord {
  const state = { ...record.state, paused: isPaused };
  if (isPaused) return { ...record, ...unwatched(record), state };
  // The container runs, whether a user or a commit had paused it.
  const { pausedForCommit: _mark, ...rest } = record;
  return { ...rest, state };
}

function unwatched({ health }: ContainerRecord): Pick<ContainerRecord, 'health'> {
  return health === undefined ? {} : { health: unwatchedHealth(health) };
}

/** `State` of inspect. */
export function wireState(record: ContainerRecord): ContainerState {
  const { state } = record;
  return {
    Status: statusOf(record),
    Running: state.running,
    Paused: state.paused,
    Restarting: state.restarting,
    OOMKilled: state.oomKilled,
    Dead: state.dead,
    Pid: state.pid,
    ExitCode: state.exitCode,
    Error: state.error,
    StartedAt: state.startedAt,
    FinishedAt: state.finishedAt,
    ...(record.health === undefined ? {} : { Health: record.health }),
  };
}
