import { spawn } from 'node:child_process';
import { EngineError, errnoOf, failed } from '../../../../base/errors.ts';

export interface GitCall {
  readonly args: readonly string[];
  readonly folder: string;
  /** Beside those of every call. */
  readonly environment: Readonly<Record<string, string>>;
  /** Settings beside those of every call. They are given by the environment, where other users of the host do not see them. */
  readonly settings: Readonly<Record<string, string>>;
  /** Hears what git says to people. */
  readonly said?: (bytes: Uint8Array) => void;
}

/** What git answers to us is short: names and hashes. */
const OUTPUT_BYTES_MAX = 8 * 1024 * 1024;
const SAID_BYTES_MAX = 4 * 1024;

/** Nothing of the host's users, and nothing that a repository may say, makes git run another program. */
const SETTINGS = {
  'core.hooksPath': '/dev/null',
  'core.fsmonitor': 'false',
  'credential.helper': '',
  'gc.auto': '0',
  'maintenance.auto': 'false',
  'advice.detachedHead': 'false',
  'init.defaultBranch': 'main',
  'submodule.recurse': 'false',
  'http.lowSpeedLimit': '100',
  'http.lowSpeedTime': '60',
  'uploadpack.allowAnySHA1InWant': 'true',
} as const;

/**
 * Runs git, and returns its output. It may use http, https, git and ssh, unless the environment says otherwise.
 * @throws EngineError failed with git's words; cancelled
 */
export async function runGit(call: GitCall, signal: AbortSignal): Promise<Buffer> {
  if (signal.aborted) throw cancelled();
  const child = spawn('git', call.args, {
    cwd: call.folder,
    env: { ...environmentOf({ ...SETTINGS, ...call.settings }, call.folder), ...call.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    // git has helpers, which end with it.
    detached: true,
  });
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  child.once('error', reject).once('close', resolve);
  const kill = (): void => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
  };
  signal.addEventListener('abort', kill, { once: true });
  const output: Buffer[] = [];
  let outputBytes = 0;
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => {
    outputBytes += chunk.length;
    if (outputBytes <= OUTPUT_BYTES_MAX) output.push(chunk);
    else kill();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    call.said?.(chunk);
    said = (said + chunk.toString()).slice(-SAID_BYTES_MAX);
  });
  try {
    const exitCode = await promise;
    if (signal.aborted) throw cancelled();
    if (exitCode === 0) return Buffer.concat(output);
    const [command = ''] = call.args;
    throw failed(`git ${command} has failed with exit code ${exitCode ?? 'of a signal'}: ${said.trim()}`);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    throw failed('builds from repositories need git, which is not installed on the engine’s host', error);
  } finally {
    signal.removeEventListener('abort', kill);
  }
}

function cancelled(): EngineError {
  return new EngineError('cancelled', 'context canceled');
}

function environmentOf(settings: Readonly<Record<string, string>>, folder: string): Record<string, string> {
  const entries = Object.entries(settings);
  const numbered = entries.flatMap(([key, value], at): [string, string][] => [
    [`GIT_CONFIG_KEY_${at}`, key],
    [`GIT_CONFIG_VALUE_${at}`, value],
  ]);
  return {
    PATH: process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin',
    HOME: folder,
    LC_ALL: 'C',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ASKPASS: '/bin/false',
    SSH_ASKPASS: '/bin/false',
    GIT_ALLOW_PROTOCOL: 'http:https:git:ssh',
    GIT_PROTOCOL_FROM_USER: '0',
    GIT_CONFIG_COUNT: String(entries.length),
    ...Object.fromEntries(numbered),
  };
}
