import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { hashSync } from 'bcryptjs';
import { tarArchive } from '../support/busybox-image.ts';
import { clientEnvironment, forgetLogins } from '../support/client-environment.ts';
import { type CommandResult, command, terminal } from '../support/command.ts';
import { debianRegistry } from '../support/debian-registry.ts';
import { faultyRegistry } from '../support/faulty-registry.ts';
import { CLIS, eventually, unique, useEngine } from '../support/fixture.ts';
import { tokenServer, wantTokens } from '../support/token-server.ts';

const engine = useEngine({ flags: ['--log-level', 'debug'] });
const BIN = fileURLToPath(new URL('../../bin', import.meta.url));
const HELPER = join(BIN, 'docker-credential-gantry');
const PASSWORD = `Pa55-${randomBytes(12).toString('hex')}`;
const HTPASSWD = `bob:${hashSync(PASSWORD, 4)}\n`;
/** The password in the open, and within anything that is written in base64. */
const TRACES = new RegExp(
  [PASSWORD, ...['', 'x', 'xx'].map((before) => btoa(before + PASSWORD).slice(4, -4))].join('|'),
);

/** A user of their own: configuration, logins, key of the kernel, all gone with the test. */
function user(t: TestContext, extra: Readonly<Record<string, string>> = {}) {
  const home = mkdtempSync(join(tmpdir(), 'gantry-test-user-'));
  t.after(async () => {
    await endProcessesOf(home);
    forgetLogins(home);
    rmSync(home, { recursive: true, force: true });
  });
  const env = { ...clientEnvironment(home), HOME: home, ...extra };
  mkdirSync(join(home, 'client'));
  const config = join(home, 'client/config.json');
  return {
    home,
    env,
    configure: (json: object) => writeFileSync(config, JSON.stringify(json)),
    config: () => JSON.parse(readFileSync(config, 'utf8')) as Record<string, Record<string, unknown>>,
    vault: join(home, 'client-data/gantry/credentials.json'),
    helper: (verb: string, input = ''): Promise<CommandResult> => command(HELPER, [verb], { env, input }),
  };
}

function has(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)));
}

for (const cli of CLIS) {
  test(`${cli}: with "credsStore": "gantry" login, push, pull and logout; the secret is nowhere in the open`, async (t) => {
    await using registry = await debianRegistry({ htpasswd: HTPASSWD });
    const bob = user(t);
    bob.configure({ credsStore: 'gantry', detachKeys: 'ctrl-x', auths: {} });
    const name = `${registry.host}/${unique('private')}:1`;
    const run = (args: readonly string[], input?: string): Promise<string> =>
      engine().ok(cli, args, { env: bob.env, ...(input === undefined ? {} : { input }) });
    const watched = watchArguments(t);
    const said = [await run(['login', '-u', 'bob', '--password-stdin', registry.host], PASSWORD)];
    assert.match(said[0] ?? '', /^Login Succeeded$/m);
    said.push(await run(['tag', 'busybox:latest', name]), await run(['push', name]), await run(['rmi', name]));
    said.push(await run(['pull', name]), await run(['image', 'inspect', name]), await run(['info']));
    assert.deepEqual(bob.config()['auths'], { [registry.host]: {} });
    assert.equal(bob.config()['detachKeys'], 'ctrl-x');
    const found = await bob.helper('get', registry.host);
    assert.deepEqual(JSON.parse(found.stdout), { ServerURL: registry.host, Username: 'bob', Secret: PASSWORD });
    const events = await run(['events', '--since', '0', '--until', String(Math.floor(Date.now() / 1000))]);
    const files = readdirSync(bob.home, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'));
    assert.ok(files.length >= 2);
    const lines = watched.stop();
    assert.ok(
      lines.some((line) => line.includes('docker-credential-gantry')),
      'the helper was seen running',
    );
    for (const text of [...said, events, engine().log(), ...files, ...lines]) assert.doesNotMatch(text, TRACES);
    assert.match(JSON.stringify({ password: PASSWORD }) + btoa(`bob:${PASSWORD}`), TRACES);
    said.push(await run(['logout', registry.host]), await run(['rmi', name]));
    assert.equal(existsSync(bob.vault), false);
    const after = await bob.helper('get', registry.host);
    assert.deepEqual([after.code, after.stdout], [1, 'credentials not found in native keychain\n']);
    assert.equal((await engine()[cli](['pull', name], { env: bob.env })).code, 1);
  });
}

/** Collects the arguments of every process that is seen. */
function watchArguments(t: TestContext): { stop(): readonly string[] } {
  const seen = new Set<string>();
  const timer = setInterval(() => {
    for (const pid of readdirSync('/proc')) {
      if (!/^\d+$/.test(pid)) continue;
      try {
        seen.add(readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' '));
      } catch {
        // It has ended.
      }
    }
  }, 10);
  t.after(() => clearInterval(timer));
  return {
    stop() {
      clearInterval(timer);
      return [...seen].filter((line) => /docker|gantry|secret-tool|pass|gpg/.test(line));
    },
  };
}

test('gantry login without any configuration keeps the secret encrypted, where docker finds it too', async (t) => {
  await using registry = await debianRegistry({ htpasswd: HTPASSWD });
  const bob = user(t);
  const name = `${registry.host}/${unique('private')}:1`;
  const login = await engine().gantry(['login', '-u', 'bob', '--password-stdin', registry.host], {
    env: bob.env,
    input: PASSWORD,
  });
  assert.equal(login.code, 0, login.stderr);
  assert.equal(login.stdout, 'Login Succeeded\n');
  assert.equal(login.stderr, 'Without a passphrase, this login is lost when the machine restarts.\n');
  assert.deepEqual(bob.config(), {
    auths: { [registry.host]: {} },
    credHelpers: { [registry.host]: 'gantry' },
  });
  await engine().ok('gantry', ['tag', 'busybox:latest', name]);
  for (const cli of CLIS) await engine().ok(cli, ['push', name], { env: bob.env });
  await engine().ok('gantry', ['rmi', name]);
  const again = await engine().gantry(['login', registry.host], { env: bob.env });
  assert.match(again.stderr, /^Authenticating with existing credentials\.\.\. \[Username: bob\]\n\n Info -> To login/);
  assert.equal(again.stdout, '\nLogin Succeeded\n');
  await engine().ok('gantry', ['logout', registry.host], { env: bob.env });
  assert.deepEqual(bob.config(), { auths: {} }, 'docker looks for no helper any more');
});

for (const cli of CLIS) {
  test(`${cli}: an identity token of the registry is kept instead of the password, and gives the tokens of a pull`, async (t) => {
    await using registry = await faultyRegistry();
    await using tokens = await tokenServer();
    registry.publish('team/app', 'v1', [tarArchive([{ name: 'a', content: 'x' }])]);
    wantTokens(registry, tokens);
    const refresh = `refresh-${randomBytes(8).toString('hex')}`;
    tokens.answer = (token) => ({
      status: 200,
      body: JSON.stringify({ token, access_token: token, refresh_token: refresh, expires_in: 300 }),
    });
    const bob = user(t);
    bob.configure({ credsStore: 'gantry' });
    await engine().ok(cli, ['login', '-u', 'bob', '--password-stdin', registry.host], {
      env: bob.env,
      input: PASSWORD,
    });
    const { stdout } = await bob.helper('get', registry.host);
    assert.deepEqual(JSON.parse(stdout), { ServerURL: registry.host, Username: '<token>', Secret: refresh });
    tokens.secrets.length = 0;
    const name = `${registry.host}/team/app:v1`;
    await engine().ok(cli, ['pull', '-q', name], { env: bob.env });
    assert.deepEqual([...new Set(tokens.secrets)], [refresh]);
    assert.doesNotMatch(engine().log(), new RegExp(refresh));
    await engine().ok(cli, ['rmi', name]);
    await engine().ok(cli, ['logout', registry.host], { env: bob.env });
  });
}

test('a login of DOCKER_AUTH_CONFIG is used without a configuration', async (t) => {
  await using registry = await debianRegistry({ htpasswd: HTPASSWD });
  const name = `${registry.host}/${unique('private')}:1`;
  const bob = user(t, {
    DOCKER_AUTH_CONFIG: JSON.stringify({ auths: { [registry.host]: { auth: btoa(`bob:${PASSWORD}`) } } }),
  });
  await engine().ok('gantry', ['tag', 'busybox:latest', name]);
  await engine().ok('gantry', ['push', '-q', name], { env: bob.env });
  await engine().ok('gantry', ['rmi', name]);
  assert.deepEqual(readdirSync(join(bob.home, 'client')), []);
});

test('gantry login --plain-text keeps it as docker does, with docker’s warning', async (t) => {
  await using registry = await debianRegistry({ htpasswd: HTPASSWD });
  const bob = user(t);
  const { code, stderr } = await engine().gantry(
    ['login', '-u', 'bob', '--password-stdin', '--plain-text', registry.host],
    { env: bob.env, input: `${PASSWORD}\r\n` },
  );
  assert.equal(code, 0);
  assert.match(stderr, /^\nWARNING! Your credentials are stored unencrypted in '.*\/client\/config\.json'\.\n/);
  assert.deepEqual(bob.config()['auths'], { [registry.host]: { auth: btoa(`bob:${PASSWORD}`) } });
  for (const cli of CLIS) {
    const { code: known, stdout } = await engine()[cli](['login', registry.host], { env: bob.env });
    assert.equal(known, 0, stdout);
  }
  await engine().ok('gantry', ['logout', registry.host], { env: bob.env });
  assert.deepEqual(bob.config()['auths'], {});
});

test('login without a terminal and without a password is refused in docker’s words', async (t) => {
  const bob = user(t);
  const ask = 'Error: Cannot perform an interactive login from a non TTY device\n';
  const insecure = 'WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n';
  for (const [args, text] of [
    [['login', 'localhost:1'], ask],
    [['login', '-u', 'x', 'localhost:1'], ask],
    [['login', '-u', 'x', '--password-stdin', 'localhost:1'], ask],
    [['login', '-p', 'x', 'localhost:1'], insecure + ask],
    [['login', '--password-stdin', 'localhost:1'], 'the --password-stdin option requires --username to be set\n'],
    [
      ['login', '-u', 'x', '-p', 'y', '--password-stdin', 'localhost:1'],
      'conflicting options: cannot specify both --password and --password-stdin\n',
    ],
  ] as const) {
    for (const cli of CLIS) {
      const { code, stderr } = await engine()[cli](args, { env: bob.env });
      assert.deepEqual([code, stderr], [1, text], `${cli} ${args.join(' ')}`);
    }
  }
  for (const cli of CLIS) {
    assert.equal(
      await engine().ok(cli, ['logout'], { env: bob.env }),
      'Removing login credentials for https://index.docker.io/v1/',
    );
    assert.equal(
      await engine().ok(cli, ['logout', 'nowhere.test'], { env: bob.env }),
      'Removing login credentials for nowhere.test',
    );
  }
  assert.deepEqual(readdirSync(join(bob.home, 'client')), []);
});

test('on a terminal the file gets a passphrase, which opens it after a restart', async (t) => {
  const bob = user(t, { CI: '' });
  const input = '{"ServerURL":"reg.test","Username":"ann","Secret":"pa:55"}';
  writeFileSync(join(bob.home, 'input'), input);
  await using storing = terminal(`sh -c '${HELPER} store < ${join(bob.home, 'input')}'`, { env: bob.env });
  await storing.until(/New passphrase/);
  storing.write('correct horse\r');
  await storing.until(/again: /);
  storing.write('correct horse\r');
  assert.equal(await storing.exited, 0, storing.shown());
  assert.doesNotMatch(storing.shown(), /correct/);
  // As a restart of the machine: the kernel has no key.
  forgetLogins(bob.home);
  const locked = await command(HELPER, ['get'], { env: { ...bob.env, CI: '1' }, input: 'reg.test' });
  assert.equal(locked.code, 1);
  assert.match(locked.stdout, /^the credentials file is locked and there is no terminal/);
  writeFileSync(join(bob.home, 'input'), 'reg.test');
  await using getting = terminal(`sh -c '${HELPER} get < ${join(bob.home, 'input')}'`, { env: bob.env });
  await getting.until(/Passphrase of your saved logins/);
  getting.write('wrong\r');
  await getting.until(/Wrong passphrase/);
  getting.write('correct horse\r');
  assert.equal(await getting.exited, 0, getting.shown());
  assert.match(getting.shown(), /"Secret":"pa:55"/);
  assert.equal((await bob.helper('get', 'reg.test')).stdout, `${input}\n`, 'asked once');
});

test('gantry login on a terminal asks for user, password and the passphrase; what is typed in secret is not shown', async (t) => {
  await using registry = await debianRegistry({ htpasswd: HTPASSWD });
  const bob = user(t, { CI: '', DOCKER_HOST: engine().host });
  await using session = terminal(`${join(BIN, 'gantry')} login ${registry.host}`, { env: bob.env });
  for (const [question, typed] of [
    [/Username: $/, 'bob'],
    [/Password: $/, PASSWORD],
    [/New passphrase .*: $/, 'correct horse'],
    [/again: $/, 'correct mule'],
    [/They differ.* $/, ''],
    [/New passphrase .*New passphrase .*: $/s, 'correct horse'],
    [/again: .*again: $/s, 'correct horse'],
  ] as const) {
    await session.until(question);
    session.write(`${typed}\r`);
  }
  assert.equal(await session.exited, 0, session.shown());
  assert.match(session.shown(), /Login Succeeded/);
  assert.doesNotMatch(session.shown(), /correct/);
  assert.doesNotMatch(session.shown(), TRACES);
  assert.deepEqual(JSON.parse((await bob.helper('get', registry.host)).stdout).Secret, PASSWORD);
  assert.ok(bob.config()['credHelpers']?.[registry.host] === 'gantry');
});

const noPass = has('pass') && has('gpg') ? false : 'pass and gpg are not installed (tools/setup --tests installs them)';
test('where pass is initialised it keeps the secrets', { skip: noPass }, async (t) => {
  const bob = user(t);
  const gnupg = join(bob.home, 'gnupg');
  mkdirSync(gnupg, { mode: 0o700 });
  const env = { ...bob.env, GNUPGHOME: gnupg };
  const key = ['--batch', '--passphrase', '', '--quick-gen-key', 'bob@example.test', 'default', 'default', 'never'];
  assert.equal((await command('gpg', key, { env })).code, 0);
  assert.equal((await command('pass', ['init', 'bob@example.test'], { env })).code, 0);
  await helperRound((verb, input) => command(HELPER, [verb], { env, input }));
  assert.equal(existsSync(bob.vault), false);
  const { stdout } = await command('find', [join(bob.home, 'password-store'), '-name', '*.gpg'], {});
  assert.match(stdout, /docker-credential-helpers\/aHR0cHM6Ly9pbmRleC5kb2NrZXIuaW8vdjEv\/<token>\.gpg/);
});

const noKeyring =
  has('secret-tool') && has('gnome-keyring-daemon') && has('dbus-daemon')
    ? false
    : 'secret-tool, gnome-keyring and dbus are not all installed (tools/setup --tests installs them)';
test('where the desktop’s keyring is unlocked it keeps the secrets', { skip: noKeyring }, async (t) => {
  const bob = user(t);
  const env = { ...bob.env, DBUS_SESSION_BUS_ADDRESS: await desktopBus(bob) };
  const unlock = ['--unlock', '--components=secrets', '--daemonize'];
  // Its daemon keeps the pipes of a test open.
  const started = await command('sh', ['-c', `printf pw | gnome-keyring-daemon ${unlock.join(' ')} >/dev/null 2>&1`], {
    env,
  });
  assert.equal(started.code, 0);
  await helperRound((verb, input) => command(HELPER, [verb], { env, input }));
  assert.equal(existsSync(bob.vault), false);
});

test('where the keyring cannot be unlocked the encrypted file is taken', { skip: noKeyring }, async (t) => {
  const bob = user(t);
  const env = { ...bob.env, DBUS_SESSION_BUS_ADDRESS: await desktopBus(bob) };
  const input = '{"ServerURL":"reg.test","Username":"ann","Secret":"x"}';
  const { code, stdout } = await command(HELPER, ['store'], { env, input });
  assert.deepEqual([code, stdout], [0, '']);
  assert.equal(existsSync(bob.vault), true);
});

/** A session bus of the user's: it and what it starts end with the user, its socket is in the user's folder. */
async function desktopBus({ home, env }: ReturnType<typeof user>): Promise<string> {
  mkdirSync(join(home, 'client-runtime'), { mode: 0o700 });
  const address = `unix:path=${join(home, 'client-runtime/bus')}`;
  const start = `dbus-daemon --session --fork --address=${address} >/dev/null 2>&1`;
  assert.equal((await command('sh', ['-c', start], { env })).code, 0);
  return address;
}

/** Ends every process that has the user's home, and those that such a one starts meanwhile; resolves when none is left. */
async function endProcessesOf(home: string): Promise<void> {
  await eventually(async () => {
    const pids = processesOf(home);
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    assert.deepEqual(pids, []);
  });
}

function processesOf(home: string): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(`HOME=${home}`);
      } catch {
        return false; // It has ended, or is the kernel's.
      }
    })
    .map(Number);
}

/** Everything that a helper does, with secrets that are hard to carry. */
async function helperRound(helper: (verb: string, input: string) => Promise<CommandResult>): Promise<void> {
  const accounts = [
    { ServerURL: 'localhost:5000', Username: 'bob', Secret: 'two\nlines\nattribute.username = eve' },
    { ServerURL: 'https://index.docker.io/v1/', Username: '<token>', Secret: ' \u{1F511} "quoted" ' },
  ];
  const ok = async (verb: string, input: string): Promise<string> => {
    const { code, stdout, stderr } = await helper(verb, input);
    assert.equal(code, 0, `${verb}: ${stdout}${stderr}`);
    return stdout;
  };
  await ok('store', JSON.stringify({ ...accounts[0], Username: 'old' }));
  for (const account of accounts) await ok('store', JSON.stringify(account));
  for (const account of accounts) assert.deepEqual(JSON.parse(await ok('get', account.ServerURL)), account);
  assert.deepEqual(JSON.parse(await ok('list', '')), {
    'localhost:5000': 'bob',
    'https://index.docker.io/v1/': '<token>',
  });
  await ok('erase', 'localhost:5000');
  await ok('erase', 'localhost:5000');
  const gone = await helper('get', 'localhost:5000');
  assert.deepEqual([gone.code, gone.stdout], [1, 'credentials not found in native keychain\n']);
}
