import { readFileSync, statSync } from 'node:fs';
import type { TaskLayout } from '../spec/index.ts';

/** What a container's command that could not be executed ends with, as with dockerd 28. */
export const EXEC_FAILURE_CODE = 255;

/** crun 1.x in its JSON log format, where the path is resolved, and of an `exec`, where it is not named. */
const CRUN_RUN = /^exec container process(?: \(missing dynamic library\?\))? `(.*)`: (.+)$/s;
const CRUN_EXEC = /^exec: (.+)$/s;
const ESCAPE = '\u001b';
const COLOUR = new RegExp(`${ESCAPE}\\[[\\d;]*m`, 'g');

/**
 * In Docker's words (runc's: `exec /m/x: exec format error`) what an OCI runtime wrote to a container's stderr when execve(2) failed
 * there: crun writes a line of its log. Text that says something else is returned as it is.
 */
export function execFailureText(said: string, command: () => string): string {
  const plain = said.replace(COLOUR, '').trimEnd();
  const message = jsonMessage(plain) ?? plain;
  const [, path, reason] = CRUN_RUN.exec(message) ?? [undefined, undefined, CRUN_EXEC.exec(message)?.[1]];
  if (reason === undefined) return said;
  return `exec ${path ?? command()}: ${reason.charAt(0).toLowerCase()}${reason.slice(1)}${said.endsWith('\r\n') ? '\r\n' : '\n'}`;
}

/** The path of the command of an exec as the container resolves it: its first argument, or where PATH finds that. */
export function commandPath(layout: TaskLayout, mainPid: number): string {
  const { args, env } = JSON.parse(readFileSync(layout.process, 'utf8')) as {
    readonly args: readonly string[];
    readonly env?: readonly string[];
  };
  const command = args[0] ?? '';
  if (command.includes('/')) return command;
  const path = env?.find((entry) => entry.startsWith('PATH='))?.slice('PATH='.length) ?? '';
  const folder = path.split(':').find((each) => isThere(`/proc/${mainPid}/root${each}/${command}`));
  return folder === undefined ? command : `${folder}/${command}`;
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

function jsonMessage(text: string): string | undefined {
  try {
    const entry: unknown = JSON.parse(text);
    return typeof entry === 'object' && entry !== null && 'msg' in entry ? String(entry.msg) : undefined;
  } catch {
    return undefined;
  }
}
