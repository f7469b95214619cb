import { StringDecoder } from 'node:string_decoder';
import type { StepOutput } from './ports.ts';

export type SendMessage = (message: Readonly<Record<string, unknown>>) => void;

/** What a build tells its client, as dockerd does: one message for each piece of text. */
export interface BuildOutput {
  /** Writes text of the build itself. */
  text(text: string): void;
  /** Writes a warning, in red. */
  warning(text: string): void;
  /** Writes what a step prints: stdout as it is, stderr in red. A character never is divided. */
  step(): StepOutput;
  send: SendMessage;
}

export function buildOutput(send: SendMessage): BuildOutput {
  const text = (stream: string): void => send({ stream });
  const warning = (red: string): void => text(`\u001b[91m${red}\u001b[0m`);
  return {
    text,
    warning,
    send,
    step() {
      const decoders = { stdout: new StringDecoder('utf8'), stderr: new StringDecoder('utf8') };
      return (stream, bytes) => {
        const shown = decoders[stream].write(bytes as Buffer);
        if (shown !== '') (stream === 'stdout' ? text : warning)(shown);
      };
    },
  };
}

/** Holds messages back. They are sent only if somebody needs them: after a build that failed. */
export function heldBack(send: SendMessage): { readonly send: SendMessage; release(): void } {
  const messages: Readonly<Record<string, unknown>>[] = [];
  return {
    send: (message) => void messages.push(message),
    release: () => messages.splice(0).forEach(send),
  };
}
