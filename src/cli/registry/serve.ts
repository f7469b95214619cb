import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Command, NO_ARGS } from '../command.ts';
import { CliError } from '../errors.ts';
import { flag } from '../flags/flag.ts';

const FLAGS = [
  flag('--config', 'string', 'Read more configuration from a JSON file (docs/registry.md)'),
  flag('--htpasswd', 'string', 'Require a login with a user of this htpasswd file (htpasswd -B)'),
  flag('--listen', 'string', 'Listen on this address', { default: '127.0.0.1:5000' }),
  flag('--log-level', 'string', 'Set the log level (debug, info, warn, error)', { default: 'info' }),
  flag('--metrics', 'string', 'Serve Prometheus metrics on this address'),
  flag('--proxy', 'string', 'Run as a pull-through cache of a registry (https://HOST, docker.io)'),
  flag('--proxy-password-file', 'string', 'Read the password for the cached registry from a file'),
  flag('--proxy-username', 'string', 'Set the user name for the cached registry'),
  flag('--quota', 'string', 'Limit the size of the store (20g)'),
  flag('--root', 'string', 'Store images in this directory, which only the registry may use'),
  flag('--tls-cert', 'string', 'Serve HTTPS with this certificate file (PEM)'),
  flag('--tls-client-ca', 'string', 'Require client certificates signed by these CAs (PEM)'),
  flag('--tls-key', 'string', 'Read the private key of the certificate from a file (PEM)'),
];

export const serve: Command = {
  usage: '--root DIR [OPTIONS]',
  args: NO_ARGS,
  examples: [
    'registry serve --root /srv/registry',
    'registry serve --root /srv/registry --listen :443 --tls-cert cert.pem --tls-key key.pem --htpasswd users',
    'registry serve --root /srv/cache --listen :5001 --proxy docker.io --quota 50g',
  ],
  details: 'Runs until it is interrupted. Does not need an engine.',
  flags: FLAGS,
  async run(_cli, _args, flags) {
    const given = FLAGS.filter(({ name }) => flags.changed(name)).map(({ name }) => `--${name}=${flags.string(name)}`);
    const program = serverProgram();
    if (process.execve === undefined) throw new CliError(1, 'the registry needs Node 24 on Linux');
    // Replaces this process, so that the registry gets signals and the terminal.
    return process.execve(process.execPath, [process.execPath, ...program, ...given], process.env);
  },
};

/** The bundle beside ours, else the sources. */
function serverProgram(): readonly string[] {
  const here = import.meta.url;
  for (const path of ['./gantry-registry.js', '../gantry-registry.js']) {
    const bundle = fileURLToPath(new URL(path, here));
    if (existsSync(bundle)) return ['--max-semi-space-size=4', bundle];
  }
  return ['--disable-warning=ExperimentalWarning', fileURLToPath(new URL('../../daemon/registry/main.ts', here))];
}
