import type { Cli } from '../cli.ts';
import { changeConfigFile, section } from './config-file.ts';
import { helperErase, helperGet, helperStore } from './credential-helper.ts';

/** A password or, where the registry gives such, an identity token instead of it; empty strings for what there is not. */
export interface StoredCredentials {
  readonly username: string;
  readonly password: string;
  readonly identityToken: string;
}

/** Docker Hub's key in `config.json`, as docker has it. */
export const HUB_SERVER = 'https://index.docker.io/v1/';

/** The key of a registry: what people type after `login`, and hosts in image names. */
export function serverKey(address: string): string {
  const host = address.replace(/^https?:\/\//, '').split('/', 1)[0] ?? '';
  return ['', 'docker.io', 'index.docker.io', 'registry-1.docker.io'].includes(host) ? HUB_SERVER : host;
}

function helperFor(cli: Cli, server: string): string | undefined {
  const host = server === HUB_SERVER ? 'index.docker.io' : server;
  return cli.config.credHelpers[server] ?? cli.config.credHelpers[host] ?? cli.config.credsStore;
}

/** From the registry's helper, else the general one, else `config.json`. @throws CliError when a helper fails */
export async function findCredentials(cli: Cli, server: string): Promise<StoredCredentials | undefined> {
  const helper = helperFor(cli, server);
  if (helper !== undefined) return helperGet(helper, server);
  const { auths, identityTokens } = cli.config;
  const keys = [server, `https://${server}`, `http://${server}`, `https://${server}/v1/`, `https://${server}/v2/`];
  const key = keys.find((each) => auths[each] !== undefined || identityTokens[each] !== undefined);
  if (key === undefined) return undefined;
  const text = Buffer.from(auths[key] ?? '', 'base64')
    .toString('utf8')
    .replace(/\0+$/, '');
  const colon = text.indexOf(':');
  const identityToken = identityTokens[key] ?? '';
  if (colon === -1 && identityToken === '') return undefined;
  return { username: text.slice(0, Math.max(colon, 0)), password: text.slice(colon + 1), identityToken };
}

/** Answers the file that has them in plain text, when no helper took them. */
export async function storeCredentials(
  cli: Cli,
  server: string,
  credentials: StoredCredentials,
): Promise<string | undefined> {
  const helper = helperFor(cli, server);
  if (helper !== undefined) await helperStore(helper, server, credentials);
  const { username, password, identityToken } = credentials;
  changeConfigFile(cli.config.dir, (json) => {
    // With a helper docker keeps an empty entry, which says where there is a login.
    const entry =
      helper !== undefined
        ? {}
        : {
            auth: Buffer.from(`${username}:${identityToken === '' ? password : ''}`).toString('base64'),
            ...(identityToken === '' ? {} : { identitytoken: identityToken }),
          };
    section(json, 'auths')[server] = entry;
  });
  return helper === undefined ? `${cli.config.dir}/config.json` : undefined;
}

export async function eraseCredentials(cli: Cli, server: string): Promise<void> {
  const helper = helperFor(cli, server);
  if (helper !== undefined) await helperErase(helper, server);
  changeConfigFile(cli.config.dir, (json) => {
    const auths = section(json, 'auths');
    for (const key of [server, `https://${server}`, `http://${server}`]) delete auths[key];
  });
}
