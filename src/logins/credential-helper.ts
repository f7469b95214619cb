import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { EngineError, errnoOf, invalid } from '../base/errors.ts';
import type { StoredCredentials } from './stored-credentials.ts';

/** The output of a helper without credentials for the server (docker-credential-helpers, credentials/error.go). */
const NOT_FOUND = 'credentials not found in native keychain';
/** The user name that stands for an identity token. */
const TOKEN_USER = '<token>';
const ANSWER_BYTES_MAX = 1 << 20;
/** The helper that comes with this program. */
export const OWN_HELPER = 'gantry';

/**
 * Runs `docker-credential-NAME get`. Undefined when it has no credentials. @throws EngineError without the secret in it
 */
export async function helperGet(name: string, server: string): Promise<StoredCredentials | undefined> {
  const { code, output } = await runHelper(name, 'get', server);
  if (code !== 0) {
    if (output.trim() === NOT_FOUND) return undefined;
    throw new EngineError(
      'unavailable',
      `error getting credentials - err: exit status ${code}, out: \`${output.trim()}\``,
    );
  }
  let answer: { readonly Username?: unknown; readonly Secret?: unknown };
  try {
    answer = JSON.parse(output) as typeof answer;
  } catch {
    throw new EngineError('unavailable', `the output of docker-credential-${name} is not JSON`);
  }
  const { Username: username, Secret: secret } = answer;
  if (typeof username !== 'string' || typeof secret !== 'string') return undefined;
  return username === TOKEN_USER
    ? { username: '', password: '', identityToken: secret }
    : { username, password: secret, identityToken: '' };
}

/** The registries that a helper has credentials for. @throws EngineError */
export async function helperList(name: string): Promise<readonly string[]> {
  const { code, output } = await runHelper(name, 'list', '');
  if (code !== 0) {
    throw new EngineError(
      'unavailable',
      `error listing credentials - err: exit status ${code}, out: \`${output.trim()}\``,
    );
  }
  try {
    return Object.keys(JSON.parse(output) as object);
  } catch {
    throw new EngineError('unavailable', `the output of docker-credential-${name} is not JSON`);
  }
}

/** @throws EngineError */
export async function helperStore(name: string, server: string, credentials: StoredCredentials): Promise<void> {
  const { username, password, identityToken } = credentials;
  const [Username, Secret] = identityToken === '' ? [username, password] : [TOKEN_USER, identityToken];
  const { code, output } = await runHelper(name, 'store', JSON.stringify({ ServerURL: server, Username, Secret }));
  if (code !== 0) {
    throw new EngineError(
      'unavailable',
      `error storing credentials - err: exit status ${code}, out: \`${output.trim()}\``,
    );
  }
}

/** @throws EngineError */
export async function helperErase(name: string, server: string): Promise<void> {
  const { code, output } = await runHelper(name, 'erase', server);
  if (code !== 0 && output.trim() !== NOT_FOUND) {
    throw new EngineError(
      'unavailable',
      `error erasing credentials - err: exit status ${code}, out: \`${output.trim()}\``,
    );
  }
}

async function runHelper(
  name: string,
  verb: string,
  input: string,
): Promise<{ readonly code: number; readonly output: string }> {
  if (!/^[\w.-]+$/.test(name)) throw invalid(`invalid credential helper: ${JSON.stringify(name)}`);
  const program = `docker-credential-${name}`;
  const child = spawn(name === OWN_HELPER ? ownHelper() : program, [verb], { stdio: ['pipe', 'pipe', 'inherit'] });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.on('error', (error) => {
    const missing = errnoOf(error) === 'ENOENT' ? 'executable file not found in $PATH' : error.message;
    reject(new EngineError('unavailable', `error running the credential helper ${program}: ${missing}`));
  });
  child.on('close', (code) => resolve(code ?? 1));
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (output.length < ANSWER_BYTES_MAX) output += text;
  });
  child.stdin.on('error', () => {}); // The helper need not read its input.
  child.stdin.end(input);
  return { code: await promise, output };
}

/** The helper beside this program, bundled or not. It needs to be on PATH only for docker. */
function ownHelper(): string {
  const program = `docker-credential-${OWN_HELPER}`;
  const beside = fileURLToPath(new URL(`../../bin/${program}`, import.meta.url));
  return existsSync(beside) ? beside : program;
}
