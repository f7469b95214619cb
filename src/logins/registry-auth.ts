import { messageOf } from '../base/errors.ts';
import { findCredentials, HUB_SERVER, serverKey } from './credential-store.ts';
import type { LoginDeps } from './login-deps.ts';

/** Credentials for the registry of an image, in the form of the API's header. An empty object when there are none. */
export async function registryAuth(deps: LoginDeps, image: string): Promise<string> {
  const server = serverKey(registryHost(image));
  // As in docker, a failing helper means a request without credentials. It warns, since the registry's refusal would be
  // hard to understand.
  const found = await findCredentials(deps, server).catch((error: unknown) => {
    deps.warn(`WARNING: continuing without the credentials of ${server}: ${messageOf(error)}`);
    return undefined;
  });
  return encodeAuth(
    found === undefined
      ? {}
      : {
          username: found.username,
          ...(found.identityToken === '' ? { password: found.password } : { identitytoken: found.identityToken }),
          serveraddress: server,
        },
  );
}

export function encodeAuth(config: object): string {
  return Buffer.from(JSON.stringify(config)).toString('base64url');
}

function registryHost(image: string): string {
  const slash = image.indexOf('/');
  const first = image.slice(0, Math.max(slash, 0));
  return /[.:]/.test(first) || first === 'localhost' ? first : HUB_SERVER;
}
