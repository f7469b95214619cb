import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { onPath } from './on-path.ts';
import { type ProgramResult, runProgram } from './run-program.ts';
import { type Account, CredentialError, type SecretStore } from './secret-store.ts';

/** Schema and attributes of docker-credential-secretservice. Each finds the other's logins. */
const SCHEMA = ['xdg:schema', 'io.docker.Credentials'] as const;
const OURS = [...SCHEMA, 'docker_cli', '1'] as const;
const LABEL = 'Docker Credentials';
const PROBE_TIMEOUT_MS = 30_000;

/**
 * The desktop's keyring (the Secret Service of GNOME Keyring, KWallet, KeePassXC), used through libsecret's
 * `secret-tool`.
 */
export function secretServiceStore(env: Readonly<Record<string, string | undefined>>): SecretStore {
  const store: SecretStore = {
    name: 'keyring',
    present: () => hasSessionBus(env) && onPath('secret-tool', env['PATH']),
    async obstacle() {
      if (!hasSessionBus(env)) return 'there is no D-Bus session';
      if (!onPath('secret-tool', env['PATH'])) return 'secret-tool (libsecret-tools) is not installed';
      return await probe();
    },
    async get(server) {
      const [found] = await searchItems([...OURS, 'server', server]);
      const username = found?.get('username');
      if (username === undefined) return undefined;
      const { code, stdout } = await runProgram('secret-tool', ['lookup', ...itemOf(server), 'username', username]);
      return code === 0 ? { username, secret: stdout } : undefined;
    },
    async store(server, account) {
      await keep(server, account);
      // Each registry has one login.
      for (const item of await searchItems([...OURS, 'server', server])) {
        const other = item.get('username');
        if (other !== undefined && other !== account.username) await clear([...itemOf(server), 'username', other]);
      }
    },
    erase: (server) => clear(itemOf(server)),
    async list() {
      const items = await searchItems(OURS);
      return new Map(items.map((item) => [item.get('server') ?? '', item.get('username') ?? '']));
    },
  };
  return store;
}

/** A locked keyring asks the user for the password, where there is a desktop. */
async function probe(): Promise<string | undefined> {
  const attributes = ['gantry_check', `${process.pid}`];
  const value = randomBytes(16).toString('hex');
  const run = (verb: readonly string[], input?: string): Promise<ProgramResult> =>
    runProgram('secret-tool', [...verb, ...attributes], {
      ...(input === undefined ? {} : { input }),
      timeoutMs: PROBE_TIMEOUT_MS,
    });
  const kept = await run(['store', '--label=gantry check'], value);
  if (kept.code === 124) return 'the keyring does not respond';
  if (kept.code !== 0) return reason(kept);
  const found = await run(['lookup']);
  await run(['clear']);
  return found.code === 0 && found.stdout === value ? undefined : 'it is locked or does not keep what it is given';
}

async function keep(server: string, { username, secret }: Account): Promise<void> {
  const args = ['store', `--label=${LABEL}`, ...itemOf(server), 'label', LABEL, 'username', username];
  const result = await runProgram('secret-tool', args, { input: secret });
  if (result.code !== 0) throw new CredentialError(`the keyring did not store the secret: ${reason(result)}`);
}

async function clear(attributes: readonly string[]): Promise<void> {
  // The code is also 1 when there is nothing to clear.
  const { code, stderr } = await runProgram('secret-tool', ['clear', ...attributes]);
  if (code !== 0 && stderr.trim() !== '')
    throw new CredentialError(`the keyring refused the request: ${firstLine(stderr)}`);
}

/** Returns the attributes of the matching items. Empty when no service responds. */
async function searchItems(attributes: readonly string[]): Promise<readonly ReadonlyMap<string, string>[]> {
  const { code, stdout, stderr } = await runProgram('secret-tool', ['search', '--all', '--unlock', ...attributes]);
  if (code === 124) throw new CredentialError('the keyring does not respond');
  if (code !== 0) return [];
  // secret-tool writes attributes to standard error, newer versions to standard output, together with secrets.
  return parseItems(/^attribute\./m.test(stderr) ? stderr : stdout);
}

/** In an item the attributes follow the secret. Whatever the secret contains, the last attributes are the keyring's. */
function parseItems(text: string): readonly ReadonlyMap<string, string>[] {
  const items: Map<string, string>[] = [];
  const headed = /^\[/m.test(text);
  for (const line of text.split('\n')) {
    const [, name = '', value = ''] = /^attribute\.(\S+) = (.*)$/.exec(line) ?? [];
    if (name === '') {
      if (/^\[.*\]$/.test(line)) items.push(new Map());
      continue;
    }
    const last = items.at(-1);
    // Standard error has no headings: a repeated name begins the next item.
    const goesOn = last !== undefined && (headed || !last.has(name));
    const item = goesOn ? last : new Map<string, string>();
    if (!goesOn) items.push(item);
    item.set(name, value);
  }
  return items.filter((item) => item.size > 0);
}

function itemOf(server: string): readonly string[] {
  return [...OURS, 'server', server];
}

function hasSessionBus(env: Readonly<Record<string, string | undefined>>): boolean {
  if (env['DBUS_SESSION_BUS_ADDRESS'] !== undefined && env['DBUS_SESSION_BUS_ADDRESS'] !== '') return true;
  return env['XDG_RUNTIME_DIR'] !== undefined && existsSync(`${env['XDG_RUNTIME_DIR']}/bus`);
}

function reason({ code, stderr }: ProgramResult): string {
  return firstLine(stderr) || `secret-tool ended with ${code}`;
}

function firstLine(text: string): string {
  return (text.trim().split('\n', 1)[0] ?? '').replace(/^secret-tool: /, '');
}
