import { existsSync } from 'node:fs';
import { messageOf } from '../../base/errors.ts';
import { checkLogin } from '../../client/index.ts';
import type { StoredCredentials } from '../../logins/index.ts';
import {
  findCredentials,
  HUB_SERVER,
  type KeptIn,
  OWN_HELPER,
  serverKey,
  storeCredentials,
} from '../../logins/index.ts';
import { askPassword, askText, readStandardInput } from '../ask.ts';
import type { Cli } from '../cli.ts';
import { between, type Command } from '../command.ts';
import { CliError } from '../errors.ts';
import { flag } from '../flags/flag.ts';
import type { Flags } from '../flags/parse.ts';

export const login: Command = {
  usage: '[OPTIONS] [SERVER]',
  args: between(0, 1),
  examples: ['login', 'login -u ann --password-stdin registry.example.com < token'],
  details: 'The default server is Docker Hub.',
  flags: [
    flag('-p, --password', 'string', 'Set the password or access token'),
    flag('--password-stdin', 'bool', 'Read the password or access token from standard input'),
    flag(
      '--plain-text',
      'bool',
      'Store the password unencrypted in config.json, as docker does without a credential helper',
    ),
    flag('-u, --username', 'string', 'Set the user name'),
  ],
  async run(cli, [address = ''], flags) {
    checkFlags(cli, flags);
    const server = serverKey(address);
    const known =
      flags.changed('username') || flags.changed('password')
        ? undefined
        : await findCredentials(cli, server).catch(() => undefined);
    if (known !== undefined && (known.username !== '' || known.identityToken !== '')) {
      if (await loginAgain(cli, server, known)) return 0;
    }
    const given = await askCredentials(cli, flags, server);
    const confirmed = await authenticate(cli, server, given);
    const plainText = flags.bool('plain-text');
    const kept = await storeCredentials(cli, server, { credentials: confirmed, plainText }).catch((error: unknown) => {
      throw new CliError(1, `Error saving credentials: ${messageOf(error)}`, { cause: error });
    });
    sayWhere(cli, kept);
    cli.out.line('Login Succeeded');
    return 0;
  },
};

function sayWhere(cli: Cli, kept: KeptIn): void {
  if ('plainTextFile' in kept) {
    cli.err.line(
      `\nWARNING! Your credentials are stored unencrypted in '${kept.plainTextFile}'.\nConfigure a credential helper to remove this warning. See\nhttps://docs.docker.com/go/credential-store/\n`,
    );
  } else if (kept.helper === OWN_HELPER && !isOnPath(cli, `docker-credential-${OWN_HELPER}`)) {
    cli.err.line(
      `Note: docker cannot find this login yet: add the directory of docker-credential-${OWN_HELPER} (the one that has ${cli.name}) to PATH.`,
    );
  }
}

function isOnPath(cli: Cli, program: string): boolean {
  return (cli.env['PATH'] ?? '').split(':').some((folder) => folder !== '' && existsSync(`${folder}/${program}`));
}

/** Logs in with the stored credentials. Returns false when the registry refuses them; the caller then asks the user. */
async function loginAgain(cli: Cli, server: string, known: StoredCredentials): Promise<boolean> {
  const user = known.username === '' ? '' : ` [Username: ${known.username}]`;
  cli.err.line(`Authenticating with existing credentials...${user}`);
  cli.err.line(
    `\n Info -> To login with a different account, run '${cli.name} logout' followed by '${cli.name} login'\n`,
  );
  try {
    await authenticate(cli, server, known);
  } catch (error) {
    cli.err.line(`\nLogin did not succeed, error: ${messageOf(error)}`);
    return false;
  }
  cli.out.line('\nLogin Succeeded');
  return true;
}

function checkFlags(cli: Cli, flags: Flags): void {
  if (flags.bool('password-stdin')) {
    if (flags.changed('password')) {
      throw new CliError(1, 'conflicting options: cannot specify both --password and --password-stdin');
    }
    if (!flags.changed('username')) {
      throw new CliError(1, 'the --password-stdin option requires --username to be set');
    }
  }
  for (const name of ['username', 'password'] as const) {
    if (flags.changed(name) && flags.string(name) === '') throw new CliError(1, `${name} is empty`);
  }
  if (flags.changed('password')) {
    cli.err.line('WARNING! Using --password via the CLI is insecure. Use --password-stdin.');
  }
}

async function askCredentials(cli: Cli, flags: Flags, server: string): Promise<StoredCredentials> {
  let username = flags.string('username').trim();
  let password = flags.bool('password-stdin')
    ? (await readStandardInput()).replace(/\r?\n$/, '')
    : flags.string('password');
  if ((username === '' || password === '') && !cli.stdinIsTerminal) {
    throw new CliError(1, 'Error: Cannot perform an interactive login from a non TTY device');
  }
  if (username === '') {
    if (server === HUB_SERVER) {
      cli.out.line('Log in with your Docker ID or email address to push and pull images from Docker Hub.');
    }
    username = await askText(cli, 'Username: ');
  }
  if (username === '') throw new CliError(1, 'Error: Non-null Username Required');
  if (password === '') password = await askPassword(cli, 'Password: ');
  if (password === '') throw new CliError(1, 'Error: Password Required');
  return { username, password, identityToken: '' };
}

/** Returns the credentials to store: the identity token instead of the password where the registry issues one. @throws EngineError */
async function authenticate(cli: Cli, server: string, credentials: StoredCredentials): Promise<StoredCredentials> {
  const { username, password, identityToken } = credentials;
  const fresh = await checkLogin(cli.client, {
    username,
    serveraddress: server,
    ...(identityToken === '' ? { password } : { identitytoken: identityToken }),
  });
  return fresh === '' ? credentials : { username, password: '', identityToken: fresh };
}
