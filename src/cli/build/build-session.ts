import { existsSync, lstatSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { messageOf } from '../../base/errors.ts';
import type { RegistryLogin, SessionOffer } from '../../client/index.ts';
import type { Cli } from '../cli.ts';
import { CliError } from '../errors.ts';
import { csvFields, cut, keyValues } from './key-values.ts';

/** Secrets by id, from `--secret`. @throws CliError */
export function secretsOf(cli: Cli, given: readonly string[]): SessionOffer['secrets'] {
  return Object.fromEntries(
    given.map((text) => {
      const { id = '', type = '', src, source, env, ...rest } = keyValues(text, '--secret');
      const [unknown] = Object.keys(rest);
      if (unknown !== undefined) throw new CliError(1, `unexpected key '${unknown}' in '${text}'`);
      if (!['', 'file', 'env'].includes(type)) throw new CliError(1, `unsupported secret type ${JSON.stringify(type)}`);
      const path = src ?? source;
      const name = id === '' ? (path ?? env ?? '') : id;
      const variable =
        env ?? (type === 'env' ? (path ?? id) : path === undefined && cli.env[id] !== undefined ? id : undefined);
      if (variable !== undefined) return [name, async () => Buffer.from(cli.env[variable] ?? '')];
      const file = path ?? id;
      if (!existsSync(file))
        throw new CliError(
          1,
          `ERROR: failed to build: failed to stat ${file}: stat ${file}: no such file or directory`,
        );
      return [name, () => readFile(file)];
    }),
  );
}

/** Sockets of SSH agents by id, from `--ssh`. @throws CliError */
export function agentsOf(cli: Cli, given: readonly string[]): SessionOffer['agents'] {
  return Object.fromEntries(
    given.map((text) => {
      const [id, paths = ''] = cut(text, '=');
      const [path = '', ...others] = csvFields(paths);
      const socket = path === '' ? (cli.env['SSH_AUTH_SOCK'] ?? '') : path;
      if (socket === '')
        throw new CliError(1, 'ERROR: failed to build: invalid empty ssh agent socket: make sure SSH_AUTH_SOCK is set');
      if (others.length > 0 || lstatSync(socket, { throwIfNoEntry: false })?.isSocket() !== true)
        throw new CliError(
          1,
          `--ssh ${text}: Gantry's client serves agents, not keys: add the key to an agent by ssh-add`,
        );
      return [id === '' ? 'default' : id, socket];
    }),
  );
}

/** Logins of registries, as `push` finds them. Without one the build goes on. */
export async function loginOf(cli: Cli, host: string): Promise<RegistryLogin> {
  const { findCredentials, serverKey } = await import('../../logins/index.ts');
  const server = serverKey(host);
  const found = await findCredentials(cli, server).catch((error: unknown) => {
    cli.warn(`WARNING: continuing without the credentials of ${server}: ${messageOf(error)}`);
    return undefined;
  });
  if (found === undefined) return { username: '', secret: '' };
  if (found.identityToken !== '') return { username: '', secret: found.identityToken };
  return { username: found.username, secret: found.password };
}
