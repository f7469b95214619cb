import type { Server, Socket } from 'node:net';
import { messageOf } from '../base/errors.ts';
import { isObject } from '../base/is-object.ts';
import { listenForRoot } from '../linux/index.ts';
import { type AttachLine, type Hello, JsonLines, type SupervisorError } from '../spec/index.ts';
import { Attachment } from './attachment.ts';
import { type ControlDeps, LINE_LIMIT_BYTES, serveControl } from './control.ts';
import { Failure } from './failure.ts';

/** How long a connection may take to send its first line. */
const FIRST_LINE_MILLISECONDS = 10_000;

/**
 * Listens on the supervisor's socket. The first line of a connection tells whether it is a control or an attach
 * connection.
 */
export function listen(deps: ControlDeps, path: string): Promise<Server> {
  return listenForRoot(path, {
    accept: (socket) => accept(deps, socket),
    refused: (uid) => deps.log.warn({ uid }, 'connection refused'),
  });
}

function accept(deps: ControlDeps, socket: Socket): void {
  const lines = new JsonLines(LINE_LIMIT_BYTES);
  const timer = setTimeout(() => socket.destroy(), FIRST_LINE_MILLISECONDS);
  const onClose = (): void => clearTimeout(timer);
  const onEnd = (): void => void socket.destroy();
  const onData = (chunk: Buffer): void => {
    try {
      const first = lines.first(chunk);
      if (first === undefined) return;
      clearTimeout(timer);
      socket.off('data', onData).off('close', onClose).off('end', onEnd).pause();
      dispatch(deps, socket, first.value, first.rest);
    } catch (error) {
      deps.log.warn({ error: messageOf(error) }, 'connection dropped');
      socket.destroy();
    }
  };
  socket.on('data', onData).on('close', onClose).on('end', onEnd);
}

function dispatch(deps: ControlDeps, socket: Socket, first: unknown, rest: Buffer): void {
  if (isObject(first) && first['kind'] === 'hello') serveControl(deps, socket, first as unknown as Hello, rest);
  else if (isObject(first) && first['kind'] === 'attach') attach(deps, socket, first as unknown as AttachLine, rest);
  else throw new Failure('invalid', 'neither hello nor attach');
}

function attach(deps: ControlDeps, socket: Socket, line: AttachLine, rest: Buffer): void {
  const attachment = new Attachment(socket, line, rest);
  try {
    deps.tasks.attach(line.task, attachment, line.running);
    // In most cases a start or an exec follows.
    deps.warmth.warm();
    // Output comes in a later turn of the loop, so that the response is first.
    socket.write('{"id":0,"ok":true}\n');
  } catch (error) {
    refuse(socket, error instanceof Failure ? error.code : 'system', messageOf(error));
  }
}

function refuse(socket: Socket, code: SupervisorError['code'], message: string): void {
  socket.end(`${JSON.stringify({ id: 0, ok: false, error: { code, message } })}\n`);
}
