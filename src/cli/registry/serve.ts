import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Command, NO_ARGS } from '../command.ts';
import { CliError } from '../errors.ts';
import { flag } from '../flags/flag.ts';

const FLAGS = [
  flag('--config', 'string', 'Read the rest of the configuration from this JSON file (docs/registry.md)'),
  flag('--htpasswd', 'string', 'Ask for a user and password of this file, which htpasswd -B makes'),
  flag('--listen', 'string', 'Serve at this address', { default: '127.0.0.1:5000' }),
  flag('--log-level', 'string', 'Log from this level on (debug, info, warn, error)', { default: 'info' }),
  flag('--metrics', 'string', 'Serve /metrics for Prometheus at this address'),
  flag('--proxy', 'string', 'Be a pull-through cache of this registry (https://HOST, docker.io)'),
  flag('--proxy-password-file', 'string', 'Log in there with the password in this file'),
  flag('--proxy-username', 'string', 'Log in there as this user'),
  flag('--quota', 'string', 'Store so many bytes at most (20g)'),
  flag('--root', 'string', "Keep images in this folder, which is the registry's alone"),
  flag('--tls-cert', 'string', 'Serve HTTPS with this certificate (PEM)'),
  flag('--tls-client-ca', 'string', 'Ask clients for a certificate that one of these signed (PEM)'),
  flag('--tls-key', 'string', 'Private key of the certificate (PEM)'),
];

export const serve: Command = {
  usage: '--root DIR [OPTIONS]',
  args: NO_ARGS,
  examples: [
    'registry serve --root /srv/registry',
    'registry serve --root /srv/registry --listen :443 --tls-cert cert.pem --tls-key key.pem --htpasswd users',
    'registry serve --root /srv/cache --listen :5001 --proxy docker.io --quota 50g',
  ],
  details: 'It runs until it is interrupted, and needs no engine.',
  flags: FLAGS,
  async run(_cli, _args, flags) {
    const given = FLAGS.filter(({ name }) => flags.changed(name)).map(({ name }) => `--${name}=${flags.string(name)}`);
    const program = serverProgram();
    if (process.execve === undefined) throw new CliError(1, 'the registry needs Node 24 on Linux');
    // In place of this process: signals and the terminal are the registry's.
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
