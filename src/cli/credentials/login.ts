import type { Cli } from '../cli.ts';
import { between, type Command } from '../command.ts';
import { CliError } from '../errors.ts';
import { flag } from '../flags/flag.ts';
import type { Flags } from '../flags/parse.ts';
import { askPassword, askText, readStandardInput } from './ask.ts';
import {
  findCredentials,
  HUB_SERVER,
  type StoredCredentials,
  serverKey,
  storeCredentials,
} from './credential-store.ts';

export const login: Command = {
  usage: '[OPTIONS] [SERVER]',
  args: between(0, 1),
  examples: ['login', 'login -u ann --password-stdin registry.example.com < token'],
  details: 'Without a server it is Docker Hub.',
  flags: [
    flag('-p, --password', 'string', 'Password or access token'),
    flag('--password-stdin', 'bool', 'Read the password or access token from standard input'),
    flag('-u, --username', 'string', 'User name'),
  ],
  async run(cli, [address = ''], flags) {
    checkFlags(cli, flags);
    const server = serverKey(address);
    const known =
      flags.changed('username') || flags.changed('password') ? undefined : await findCredentials(cli, server);
    if (known !== undefined && (known.username !== '' || known.identityToken !== '')) {
      const user = known.username === '' ? '' : ` [Username: ${known.username}]`;
      cli.err.line(`Authenticating with existing credentials...${user}`);
      try {
        await authenticate(cli, server, known);
        cli.out.line('\nLogin Succeeded');
        return 0;
      } catch {
        cli.err.line('Login did not succeed with the stored credentials.');
      }
    }
    const given = await askCredentials(cli, flags, server);
    const confirmed = await authenticate(cli, server, given);
    const file = await storeCredentials(cli, server, confirmed);
    if (file !== undefined) {
      cli.err.line(
        `\nWARNING! Your credentials are stored unencrypted in '${file}'.\nConfigure a credential helper to remove this warning. See\nhttps://docs.docker.com/go/credential-store/\n`,
      );
    }
    cli.out.line('Login Succeeded');
    return 0;
  },
};

function checkFlags(cli: Cli, flags: Flags): void {
  if (flags.bool('password-stdin')) {
    if (flags.changed('password')) {
      throw new CliError(1, 'conflicting options: cannot specify both --password and --password-stdin');
    }
    if (flags.string('username') === '') {
      throw new CliError(1, 'the --password-stdin option requires --username to be set');
    }
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
    if (flags.bool('password-stdin')) throw new CliError(1, 'password is empty');
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

/** Answers what to keep: the identity token instead of the password where the registry gives one. @throws EngineError */
async function authenticate(cli: Cli, server: string, credentials: StoredCredentials): Promise<StoredCredentials> {
  const { username, password, identityToken } = credentials;
  const answer = await cli.client.json<{ IdentityToken?: string }>({
    method: 'POST',
    path: '/auth',
    json: {
      username,
      serveraddress: server,
      ...(identityToken === '' ? { password } : { identitytoken: identityToken }),
    },
  });
  const fresh = answer.IdentityToken ?? '';
  return fresh === '' ? credentials : { username, password: '', identityToken: fresh };
}
