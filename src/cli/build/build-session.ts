import { existsSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { messageOf } from '../../base/errors.ts';
import { type RegistryLogin, readSshKeys, type SessionOffer, type SshAgent } from '../../client/index.ts';
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

/** SSH agents by id, from `--ssh`: sockets, or files with keys. @throws CliError */
export async function agentsOf(cli: Cli, given: readonly string[]): Promise<SessionOffer['agents']> {
  const found = await Promise.all(
    given.map(async (text): Promise<[string, SshAgent]> => {
      const [id, paths = ''] = cut(text, '=');
      const named = csvFields(paths).filter((path) => path !== '');
      const own = cli.env['SSH_AUTH_SOCK'] ?? '';
      if (named.length === 0 && own === '')
        throw problem('invalid empty ssh agent socket: make sure SSH_AUTH_SOCK is set');
      return [id === '' ? 'default' : id, await agentOf(named.length === 0 ? [own] : named)];
    }),
  );
  return Object.fromEntries(found);
}

async function agentOf(paths: readonly string[]): Promise<SshAgent> {
  const sockets = paths.filter((path) => statSync(path, { throwIfNoEntry: false })?.isSocket() === true);
  const [socket] = sockets;
  if (socket !== undefined) {
    if (paths.length > 1) throw problem('an SSH agent is one socket, or files with keys');
    return { socket };
  }
  try {
    return { keys: await readSshKeys(paths) };
  } catch (error) {
    throw problem(messageOf(error));
  }
}

function problem(text: string): CliError {
  return new CliError(1, `ERROR: failed to build: ${text}`);
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
