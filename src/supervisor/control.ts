import type { Socket } from 'node:net';
import { errnoOf, messageOf } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import {
  type Hello,
  type HelloReply,
  JsonLines,
  PROTOCOL_VERSION,
  PROTOCOL_VERSION_MIN,
  type Request,
  type Response,
  type TaskEvent,
} from '../spec/index.ts';
import { adoptConsole } from './adopt-console.ts';
import type { AdoptedProcesses } from './adopted-processes.ts';
import type { CgroupWarmUp } from './cgroup-warm-up.ts';
import type { EventHub } from './event-hub.ts';
import type { ExitRecords } from './exit-records.ts';
import { Failure } from './failure.ts';
import type { NameServer } from './names/name-server.ts';
import type { OciRuntime } from './oci-runtime.ts';
import type { TaskTable } from './task-table.ts';
import { waitAtMost } from './wait-at-most.ts';

/** A request line with resources is far smaller than this. */
export const LINE_LIMIT_BYTES = 1024 * 1024;

/** How long a connecting daemon waits for starts of its predecessor. */
const LAUNCH_MILLISECONDS = 10_000;

type Send = (message: Response | TaskEvent | HelloReply) => void;

export interface ControlDeps {
  readonly tasks: TaskTable;
  readonly events: EventHub;
  readonly runtime: OciRuntime;
  readonly adopted: AdoptedProcesses;
  readonly exitRecords: ExitRecords;
  readonly warmth: CgroupWarmUp;
  readonly names: NameServer;
  readonly log: Logger;
  /** Removes the supervisor's files, then ends it once pending responses are sent. */
  readonly stop: () => void;
}

/** Serves one daemon's control connection after its hello. `early` holds the bytes that came with that line. */
export function serveControl(deps: ControlDeps, socket: Socket, hello: Hello, early: Buffer): void {
  const send: Send = (message) => void socket.write(`${JSON.stringify(message)}\n`);
  if (hello.version < PROTOCOL_VERSION_MIN || hello.version > PROTOCOL_VERSION) {
    const text = `protocol ${hello.version} is not spoken, only ${PROTOCOL_VERSION_MIN} to ${PROTOCOL_VERSION}`;
    send({ id: 0, ok: false, error: { code: 'invalid', message: text } });
    socket.end();
    return;
  }
  // A start that an earlier daemon requested is reported as a task, and not only at its end.
  void waitAtMost(LAUNCH_MILLISECONDS, deps.tasks.launched()).then(() => {
    if (!socket.destroyed) converse(deps, socket, { hello, early, send });
  });
}

function converse(
  deps: ControlDeps,
  socket: Socket,
  { hello, early, send }: { readonly hello: Hello; readonly early: Buffer; readonly send: Send },
): void {
  deps.events.skipTo(hello.afterSeq);
  const listening = deps.events.listen(send);
  send({ version: PROTOCOL_VERSION, pid: process.pid, seq: deps.events.seq, tasks: deps.tasks.snapshots() });
  for (const event of missedExits(deps.tasks, hello.afterSeq)) send(event);
  const lines = new JsonLines(LINE_LIMIT_BYTES);
  const take = (chunk: Buffer): void => {
    try {
      for (const message of lines.push(chunk)) void answer(deps, hello.pid, message as Request).then(send);
    } catch (error) {
      deps.log.warn({ error: messageOf(error) }, 'control connection dropped');
      socket.destroy();
    }
  };
  socket.on('data', take);
  socket.on('error', () => socket.destroy());
  socket.on('end', () => socket.end());
  socket.on('close', () => {
    listening[Symbol.dispose]();
    deps.tasks.releaseHeld();
  });
  if (early.length > 0) take(early);
  socket.resume();
}

function missedExits(tasks: TaskTable, afterSeq: number): TaskEvent[] {
  const events: TaskEvent[] = [];
  for (const { exit, record } of tasks.values()) {
    if (exit !== undefined && exit.seq > afterSeq) events.push({ event: 'exit', ...record.task, ...exit });
  }
  return events.sort((a, b) => a.seq - b.seq);
}

async function answer(deps: ControlDeps, daemonPid: number, request: Request): Promise<Response> {
  const { id } = request;
  try {
    const result = await handle(deps, daemonPid, request);
    return result === undefined ? { id, ok: true } : { id, ok: true, result };
  } catch (error) {
    if (error instanceof Failure) return { id, ok: false, error: { code: error.code, message: error.message } };
    const code = errnoOf(error) === 'ESRCH' ? 'noTask' : 'system';
    if (code === 'system') deps.log.error({ op: request.op, error: messageOf(error) }, 'request failed');
    return { id, ok: false, error: { code, message: messageOf(error) } };
  }
}

async function handle(deps: ControlDeps, daemonPid: number, request: Request): Promise<unknown> {
  const { tasks } = deps;
  switch (request.op) {
    case 'expect-start':
      deps.warmth.warm();
      return;
    case 'start':
      return await start(deps, daemonPid, request);
    case 'exec':
      return await exec(deps, daemonPid, request);
    case 'kill':
      tasks.kill(request.task, request.signal);
      return;
    case 'resize':
      tasks.resize(request.task, request.rows, request.columns);
      return;
    case 'hold-output':
      tasks.hold(request.task, request.held);
      return;
    case 'runtime':
      return await deps.runtime.run(tasks.runtimeOf(request.task), request.args, request.input);
    case 'release':
      await tasks.release(request.task);
      return;
    case 'cancel-attach':
      tasks.cancelAttach(request.task);
      return;
    case 'adopt-console':
      adoptConsole(tasks, request.task, { pid: daemonPid, fd: request.fd });
      return;
    case 'adopt-exit':
      // No task waits for this record.
      if (!deps.adopted.tell(request.pid, request.exitCode) && !tasks.awaitsExit(request.pid))
        deps.exitRecords.forget(request.pid);
      return;
    case 'names-put':
      await deps.names.put(request.names, request.sockets && { pid: daemonPid, ...request.sockets });
      return;
    case 'names-drop':
      await deps.names.drop(request.sandboxIds);
      return;
    case 'names-served':
      return deps.names.served();
    case 'pong':
      deps.events.pong();
      return;
    case 'shutdown':
      if (tasks.runningCount > 0) throw new Failure('exists', `${tasks.runningCount} tasks run`);
      await tasks.idle();
      await deps.names.end();
      deps.stop();
      return;
    default:
      throw new Failure('invalid', `unknown request ${String((request as { op?: unknown }).op)}`);
  }
}

type RequestOf<Op extends Request['op']> = Extract<Request, { readonly op: Op }>;

function start({ tasks, warmth }: ControlDeps, daemonPid: number, request: RequestOf<'start'>): Promise<unknown> {
  warmth.warm();
  const { task, owner, runtime, stdio, log, oomFile, prepared } = request;
  const record = { task, runtime, stdio, log, ...(owner && { owner }), ...(oomFile !== undefined && { oomFile }) };
  return tasks.start(record, { prepared, daemonPid });
}

function exec({ tasks }: ControlDeps, daemonPid: number, request: RequestOf<'exec'>): Promise<unknown> {
  const { task, owner, runtime, stdio, prepared } = request;
  return tasks.exec({ task, runtime, stdio, ...(owner && { owner }) }, { prepared, daemonPid });
}
