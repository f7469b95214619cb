import { readFileSync, statSync } from 'node:fs';
import { isObject } from '../base/is-object.ts';
import type { TaskLayout } from '../spec/index.ts';

/** Exit code of a container whose command could not be executed, as with dockerd 28. */
export const EXEC_FAILURE_CODE = 255;

/**
 * Messages of crun 1.x in its JSON log format: of `run`, which names the resolved path, and of `exec`, which does not.
 */
const CRUN_RUN = /^exec container process(?: \(missing dynamic library\?\))? `(.*)`: (.+)$/s;
const CRUN_EXEC = /^exec: (.+)$/s;
const ESCAPE = '\u001b';
const COLOUR = new RegExp(`${ESCAPE}\\[[\\d;]*m`, 'g');

/**
 * Translates the line that an OCI runtime wrote to a container's stderr when execve(2) failed there into Docker's words
 * (runc's: `exec /m/x: exec format error`). Any other text is returned unchanged.
 */
export function execFailureText(said: string, command: () => string): string {
  const plain = said.replace(COLOUR, '').trimEnd();
  const message = jsonMessage(plain) ?? plain;
  const [, path, reason] = CRUN_RUN.exec(message) ?? [undefined, undefined, CRUN_EXEC.exec(message)?.[1]];
  if (reason === undefined) return said;
  return `exec ${path ?? command()}: ${reason.charAt(0).toLowerCase()}${reason.slice(1)}${said.endsWith('\r\n') ? '\r\n' : '\n'}`;
}

/** The path of an exec's command as the container resolves it: its first argument, or the match in PATH. */
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

/** The container controls the path: it may be a loop of symlinks, too long, or unreadable. */
function isThere(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function jsonMessage(text: string): string | undefined {
  try {
    const entry: unknown = JSON.parse(text);
    return isObject(entry) && 'msg' in entry ? String(entry['msg']) : undefined;
  } catch {
    return undefined;
  }
}
