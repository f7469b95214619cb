import type { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import { FrameReader, frame } from './frames.ts';

const IDLE_MILLISECONDS = 10_000;
/** Forwarded queries of one connection that wait. The next ones are read afterwards. */
const WAITING_MAX = 16;
/** A client that leaves this much unread while forwarded answers come is not waited for. */
const UNSENT_BYTES_MAX = 256 * 1024;

/** Answers a message. Undefined when it gets no answer. Never rejects. */
export type Respond = (message: Buffer) => Buffer | undefined | Promise<Buffer | undefined>;

/**
 * Serves a client's connection: answers each message as soon as its answer is known, which need not be in order
 * (RFC 7766). Reads no more than it can answer. A client that only half-closes gets all answers.
 */
export function serveTcpClient(socket: Socket, respond: Respond): void {
  const frames = new FrameReader();
  let waiting = 0;
  let hasEnded = false;
  const send = (message: Buffer | undefined): void => {
    if (message === undefined || socket.destroyed) return;
    if (socket.writableLength > UNSENT_BYTES_MAX) socket.destroy();
    else socket.write(frame(message));
  };
  const sendLater = async (answer: Promise<Buffer | undefined>): Promise<void> => {
    waiting += 1;
    const message = await answer;
    waiting -= 1;
    send(message);
    answerAll();
  };
  /** Returns false when the client has to wait. */
  const answerSome = (): boolean => {
    while (waiting < WAITING_MAX && !socket.writableNeedDrain && !socket.destroyed) {
      const message = frames.next();
      if (message === undefined) return true;
      const answer = respond(message);
      if (answer instanceof Promise) void sendLater(answer);
      else send(answer);
    }
    return false;
  };
  const answerAll = (): void => {
    socket.cork();
    const isReady = answerSome();
    socket.uncork();
    if (!isReady) socket.pause();
    else if (!hasEnded) socket.resume();
    else if (waiting === 0) socket.end();
  };
  socket.setTimeout(IDLE_MILLISECONDS, () => socket.destroy());
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk: Buffer) => {
    frames.push(chunk);
    answerAll();
  });
  socket.on('drain', answerAll);
  socket.on('end', () => {
    hasEnded = true;
    answerAll();
  });
}
