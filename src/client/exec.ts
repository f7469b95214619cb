/** Execs: commands in running containers. A client creates one, starts it, then asks for its exit code. */
import type { ExecConfig } from '../spec/index.ts';
import type { TerminalSize } from './container-streams.ts';
import { containerPath } from './containers.ts';
import { type Engine, type Hijacked, pathSegment } from './engine-client.ts';

/** Creates an exec. Returns its id. */
export async function createExec(engine: Engine, container: string, config: ExecConfig): Promise<string> {
  const path = containerPath(container, 'exec');
  return (await engine.json<{ Id: string }>({ method: 'POST', path, json: config })).Id;
}

export interface StartExecOptions {
  readonly tty: boolean;
  /** Rows and columns. */
  readonly consoleSize?: readonly [number, number] | null | undefined;
}

/** Starts an exec and connects to its streams: raw with `tty`, else multiplexed. */
export function startExec(engine: Engine, id: string, options: StartExecOptions): Promise<Hijacked> {
  return engine.hijack({ method: 'POST', path: execPath(id, 'start'), json: startBody(options, false) });
}

export async function startExecDetached(engine: Engine, id: string, options: StartExecOptions): Promise<void> {
  await engine.send({ method: 'POST', path: execPath(id, 'start'), json: startBody(options, true) });
}

function startBody({ tty, consoleSize }: StartExecOptions, detach: boolean): object {
  return { Detach: detach, Tty: tty, ...(consoleSize == null ? {} : { ConsoleSize: consoleSize }) };
}

export async function resizeExec(engine: Engine, id: string, { rows, columns }: TerminalSize): Promise<void> {
  await engine.send({ method: 'POST', path: execPath(id, 'resize'), query: { h: rows, w: columns } });
}

export interface ExecDetails {
  readonly ID: string;
  readonly Running: boolean;
  /** Null while it runs. */
  readonly ExitCode: number | null;
}

export function inspectExec(engine: Engine, id: string): Promise<ExecDetails> {
  return engine.json({ method: 'GET', path: execPath(id, 'json') });
}

function execPath(id: string, verb: string): string {
  return `/exec/${pathSegment(id)}/${verb}`;
}
