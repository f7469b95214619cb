import { messageOf } from '../base/errors.ts';
import { changeConfigFile, section } from './config-file.ts';
import { helperErase, helperGet, helperList, helperStore, OWN_HELPER } from './credential-helper.ts';
import { AUTH_CONFIG_VARIABLE, decodeLogin, environmentLogin } from './environment-login.ts';
import type { LoginDeps } from './login-deps.ts';
import type { StoredCredentials } from './stored-credentials.ts';

/** Where a login was stored. */
export type KeptIn = { readonly helper: string } | { readonly plainTextFile: string };

/** Docker Hub's key in `config.json`, as in docker. */
export const HUB_SERVER = 'https://index.docker.io/v1/';

/** The key of a registry. Users give it after `login`, and image names begin with it. */
export function serverKey(address: string): string {
  const host = address.replace(/^https?:\/\//, '').split('/', 1)[0] ?? '';
  return ['', 'docker.io', 'index.docker.io', 'registry-1.docker.io'].includes(host) ? HUB_SERVER : host;
}

/** The helper in `config.json`, by docker's rules: '' for `config.json` itself, undefined when none is set. */
function helperFor(deps: LoginDeps, server: string): string | undefined {
  const host = server === HUB_SERVER ? 'index.docker.io' : server;
  return deps.config.credHelpers[server] ?? deps.config.credHelpers[host] ?? deps.config.credsStore;
}

/**
 * Finds credentials in DOCKER_AUTH_CONFIG, else with the registry's helper, else the general one, else in
 * `config.json`.
 * @throws EngineError when a helper fails
 */
export async function findCredentials(deps: LoginDeps, server: string): Promise<StoredCredentials | undefined> {
  const matches = (key: string): boolean => serverKey(key) === server;
  try {
    const given = environmentLogin(deps.env[AUTH_CONFIG_VARIABLE] ?? '', matches);
    if (given !== undefined) return given;
  } catch (error) {
    deps.warn(`Failed to create credential store from ${AUTH_CONFIG_VARIABLE}: ${messageOf(error)}`);
  }
  const helper = helperFor(deps, server);
  if (helper) return helperGet(helper, server);
  const { auths, identityTokens } = deps.config;
  const keys = [...Object.keys(auths), ...Object.keys(identityTokens)].filter(matches);
  const key = keys.includes(server) ? server : keys[0];
  if (key === undefined) return undefined;
  const login = decodeLogin(auths[key] ?? '');
  const identityToken = identityTokens[key] ?? '';
  if (identityToken === '') return login;
  return { username: login?.username ?? '', password: login?.password ?? '', identityToken };
}

/** All credentials, by registry. @throws EngineError when a helper fails */
export async function allCredentials(deps: LoginDeps): Promise<ReadonlyMap<string, StoredCredentials>> {
  const { auths, identityTokens, credHelpers, credsStore } = deps.config;
  const listed = credsStore === undefined ? [] : await helperList(credsStore);
  const servers = [auths, identityTokens, credHelpers].flatMap((each) => Object.keys(each)).concat(listed);
  const found = new Map<string, StoredCredentials>();
  for (const server of new Set(servers.map(serverKey))) {
    const credentials = await findCredentials(deps, server);
    if (credentials !== undefined) found.set(server, credentials);
  }
  return found;
}

/**
 * Stores credentials by docker's rules where `config.json` says. Where it says nothing, our own helper stores them, and
 * an entry in `credHelpers` for this registry is added (docs/decisions/0008).
 * @throws EngineError when no store works
 */
export async function storeCredentials(
  deps: LoginDeps,
  server: string,
  { credentials, plainText }: { readonly credentials: StoredCredentials; readonly plainText: boolean },
): Promise<KeptIn> {
  const configured = helperFor(deps, server);
  const helper = plainText ? '' : (configured ?? (deps.config.plainTextLogins ? '' : OWN_HELPER));
  if (helper !== '') await helperStore(helper, server, credentials);
  const { username, password, identityToken } = credentials;
  changeConfigFile(deps.config.dir, (json) => {
    // With a helper docker keeps an empty entry, which marks a login.
    const entry =
      helper !== ''
        ? {}
        : {
            auth: Buffer.from(`${username}:${identityToken === '' ? password : ''}`).toString('base64'),
            ...(identityToken === '' ? {} : { identitytoken: identityToken }),
          };
    section(json, 'auths')[server] = entry;
    // docker must ask the same helper.
    if (helper !== (configured ?? '')) section(json, 'credHelpers')[server] = helper;
  });
  return helper === '' ? { plainTextFile: `${deps.config.dir}/config.json` } : { helper };
}

/**
 * Deletes credentials, and the entry for our helper: docker runs no image of a registry whose helper it does not find.
 * Missing credentials are not an error. @throws EngineError when a helper fails
 */
export async function eraseCredentials(deps: LoginDeps, server: string): Promise<void> {
  changeConfigFile(deps.config.dir, (json) => {
    if (deps.config.credHelpers[server] === OWN_HELPER && !deps.config.credsStore) {
      const helpers = section(json, 'credHelpers');
      delete helpers[server];
      if (Object.keys(helpers).length === 0) delete json['credHelpers'];
    }
    if (json['auths'] === undefined) return;
    const auths = section(json, 'auths');
    for (const key of Object.keys(auths)) if (serverKey(key) === server) delete auths[key];
  });
  const helper = helperFor(deps, server);
  if (helper) await helperErase(helper, server);
}
