import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { errnoOf } from '../base/errors.ts';
import { onPath } from './on-path.ts';
import { runProgram } from './run-program.ts';
import { CredentialError, type SecretStore } from './secret-store.ts';

/**
 * The layout of docker-credential-pass: `docker-credential-helpers/<base64url of the registry>/<user>`. Each finds the
 * other's logins.
 */
const FOLDER = 'docker-credential-helpers';

/** The standard Unix password manager: one file per secret, encrypted with GnuPG. */
export function passStore(env: Readonly<Record<string, string | undefined>>): SecretStore {
  const root = env['PASSWORD_STORE_DIR'] || `${env['HOME'] || homedir()}/.password-store`;

  const entriesOf = (server: string): readonly string[] =>
    names(`${root}/${folderOf(server)}`).flatMap((name) => (name.endsWith('.gpg') ? [name.slice(0, -4)] : []));

  return {
    name: 'pass',
    present: () => existsSync(`${root}/${FOLDER}`) && onPath('pass', env['PATH']),
    async obstacle() {
      if (!onPath('pass', env['PATH'])) return 'pass is not installed';
      if (!existsSync(`${root}/.gpg-id`)) return 'pass is not initialised (pass init)';
      return await probe();
    },
    async get(server) {
      const [username] = entriesOf(server);
      if (username === undefined) return undefined;
      return { username, secret: await pass(['show', `${folderOf(server)}/${username}`]) };
    },
    async store(server, { username, secret }) {
      if (/[/\\]|^[.-]/.test(username)) {
        throw new CredentialError(
          'pass cannot keep a login whose user name has a slash or begins with a dot or a dash',
        );
      }
      await pass(['insert', '-m', '-f', `${folderOf(server)}/${username}`], secret);
      // Each registry has one login.
      for (const other of entriesOf(server)) {
        if (other !== username) await pass(['rm', '-f', `${folderOf(server)}/${other}`]);
      }
    },
    async erase(server) {
      if (existsSync(`${root}/${folderOf(server)}`)) await pass(['rm', '-r', '-f', folderOf(server)]);
    },
    async list() {
      const found = names(`${root}/${FOLDER}`).flatMap((encoded): [string, string][] => {
        const server = Buffer.from(encoded, 'base64url').toString();
        const [username] = folderOf(server) === `${FOLDER}/${encoded}` ? entriesOf(server) : [];
        return username === undefined ? [] : [[server, username]];
      });
      return new Map(found);
    },
  };
}

/** GnuPG may ask for the key's passphrase. */
async function probe(): Promise<string | undefined> {
  const entry = `${FOLDER}/gantry-check-${process.pid}`;
  const value = randomBytes(16).toString('hex');
  try {
    await pass(['insert', '-m', '-f', entry], value);
    const found = await pass(['show', entry]);
    await pass(['rm', '-f', entry]);
    return found === value ? undefined : 'it does not keep what it is given';
  } catch (error) {
    if (error instanceof CredentialError) return error.message;
    throw error;
  }
}

async function pass(args: readonly string[], input?: string): Promise<string> {
  const { code, stdout, stderr } = await runProgram('pass', args, input === undefined ? {} : { input });
  if (code === 0) return stdout;
  throw new CredentialError(`pass ${args[0]} failed: ${stderr.trim().split('\n').at(-1) || `exit code ${code}`}`);
}

/** Go's URLEncoding, which adds padding. */
function folderOf(server: string): string {
  return `${FOLDER}/${Buffer.from(server).toString('base64').replaceAll('+', '-').replaceAll('/', '_')}`;
}

function names(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}
