import { spawn } from 'node:child_process';
import { EngineError, errnoOf, failed } from '../../../base/errors.ts';
import type { Variables } from '../cache-folder.ts';

export interface GitCall {
  readonly args: readonly string[];
  readonly folder: string;
  readonly env: Variables;
  readonly limitMilliseconds: number;
}

export interface GitEnd {
  readonly code: number;
  readonly output: string;
  /** What git says to people. */
  readonly said: string;
}

const OUTPUT_MAX = 4 << 20;
const SAID_MAX = 4 << 10;

/** A caller that runs in a hook of another repository has these. */
const OF_ANOTHER_REPOSITORY = /^GIT_(?:DIR|WORK_TREE|INDEX_FILE|OBJECT_DIRECTORY|COMMON_DIR|NAMESPACE|PREFIX)$/;

/** Settings beside the user's: no repository makes git fetch others, and a server that sends nothing is left. */
const SETTINGS = [
  'submodule.recurse=false',
  'advice.detachedHead=false',
  'http.lowSpeedLimit=100',
  'http.lowSpeedTime=60',
];

/** Runs git with the user's settings. It asks nobody for a password. Resolves also when git fails. @throws EngineError */
export async function runGit(call: GitCall, signal: AbortSignal): Promise<GitEnd> {
  signal.throwIfAborted();
  const child = spawn('git', [...SETTINGS.flatMap((setting) => ['-c', setting]), ...call.args], {
    cwd: call.folder,
    env: environmentOf(call.env),
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true, // git has helpers, which end with it.
  });
  const ended = Promise.withResolvers<number | null>();
  child.once('error', ended.reject).once('close', ended.resolve);
  const kill = (): void => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null)
      process.kill(-child.pid, 'SIGKILL');
    // A helper that has left the group may keep them open.
    child.stdout.destroy();
    child.stderr.destroy();
  };
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    kill();
  }, call.limitMilliseconds);
  signal.addEventListener('abort', kill, { once: true });
  let [output, said] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString('latin1');
    if (output.length > OUTPUT_MAX) kill();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-SAID_MAX);
  });
  try {
    const code = await ended.promise;
    signal.throwIfAborted();
    if (output.length > OUTPUT_MAX)
      throw new EngineError('tooLarge', `git has written more than ${OUTPUT_MAX >> 20} MiB`);
    if (isLate) throw new EngineError('unavailable', `git has not ended in ${call.limitMilliseconds / 1000} seconds`);
    return { code: code ?? 137, output, said: plain(said) };
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    throw failed('a project in a repository needs the program git, which is not installed here', error);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', kill);
  }
}

/** The server's words are among them, and may not move the cursor. */
function plain(text: string): string {
  return text.replace(/[^\P{Cc}\n\t]/gu, '').trim();
}

function environmentOf(env: Variables): NodeJS.ProcessEnv {
  const kept = Object.fromEntries(Object.entries(env).filter(([name]) => !OF_ANOTHER_REPOSITORY.test(name)));
  const isSshChosen = (env['GIT_SSH'] ?? '') !== '' || (env['GIT_SSH_COMMAND'] ?? '') !== '';
  return {
    ...kept,
    GIT_TERMINAL_PROMPT: env['GIT_TERMINAL_PROMPT'] || '0',
    ...(isSshChosen ? {} : { GIT_SSH_COMMAND: 'ssh -o ControlMaster=no -o BatchMode=yes' }),
  };
}
