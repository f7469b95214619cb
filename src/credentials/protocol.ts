import { messageOf } from '../base/errors.ts';
import { isObject } from '../base/is-object.ts';
import { CredentialError, type SecretStore } from './secret-store.ts';

/** Texts that clients compare with. Source: docker-credential-helpers, credentials/error.go and credentials.go. */
const NOT_FOUND = 'credentials not found in native keychain';
const NO_SERVER = 'no credentials server URL';
const NO_USERNAME = 'no credentials username';
const PROGRAM = 'docker-credential-gantry';
const USAGE = `Usage: ${PROGRAM} <store|get|erase|list|version>`;

export interface Answer {
  readonly code: 0 | 1;
  /** Text for standard output. Clients look for errors there too. */
  readonly text: string;
}

export interface HelperDeps {
  readonly keychain: Omit<SecretStore, 'name' | 'present' | 'obstacle'>;
  readonly version: string;
  /** Reads all of standard input. */
  readonly input: () => Promise<string>;
}

/**
 * Handles one call of a credential helper: `docker-credential-gantry VERB`, with the verb's argument on standard input.
 */
export async function answer(deps: HelperDeps, args: readonly string[]): Promise<Answer> {
  const [verb = ''] = args;
  if (args.length !== 1) return failure(USAGE);
  if (verb === '--help' || verb === '-h') return { code: 0, text: `${USAGE}\n` };
  try {
    return { code: 0, text: await run(deps, verb) };
  } catch (error) {
    return failure(error instanceof CredentialError ? error.message : `${PROGRAM}: ${messageOf(error)}`);
  }
}

async function run({ keychain, version, input }: HelperDeps, verb: string): Promise<string> {
  switch (verb) {
    case 'get': {
      const server = serverOf(await input());
      const found = await keychain.get(server);
      if (found === undefined) throw new CredentialError(NOT_FOUND);
      return line({ ServerURL: server, Username: found.username, Secret: found.secret });
    }
    case 'store': {
      const { server, username, secret } = parseCredentials(await input());
      await keychain.store(server, { username, secret });
      return '';
    }
    case 'erase':
      await keychain.erase(serverOf(await input()));
      return '';
    case 'list':
      return line(Object.fromEntries(await keychain.list()));
    case 'version':
    case '--version':
    case '-v':
      return `${PROGRAM} (gantry) ${version}\n`;
    default:
      throw new CredentialError(`${PROGRAM}: unknown action: ${verb}`);
  }
}

function parseCredentials(text: string): { server: string; username: string; secret: string } {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    // The parser's message is not shown: it quotes the text, which has the secret.
    throw new CredentialError('the credentials to store are not JSON');
  }
  const fields = isObject(parsed) ? parsed : {};
  const field = (name: string): string => {
    const value = fields[name] ?? '';
    if (typeof value !== 'string') throw new CredentialError(`${name} is not a string`);
    return value;
  };
  const server = serverOf(field('ServerURL'));
  const username = field('Username');
  if (username === '') throw new CredentialError(NO_USERNAME);
  checkLine('Username', username);
  return { server, username, secret: field('Secret') };
}

function serverOf(text: string): string {
  const server = text.trim();
  if (server === '') throw new CredentialError(NO_SERVER);
  checkLine('ServerURL', server);
  return server;
}

/** Keyrings print attributes line by line. */
function checkLine(name: string, value: string): void {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is refused.
  if (value.length > 1024 || /[\0-\x1f\x7f]/.test(value)) {
    throw new CredentialError(`${name} is too long or has control characters`);
  }
}

function line(value: object): string {
  return `${JSON.stringify(value)}\n`;
}

function failure(text: string): Answer {
  return { code: 1, text: `${text}\n` };
}
