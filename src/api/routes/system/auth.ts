import * as z from 'zod/mini';
import type { Registries } from '../../../distribution/index.ts';
import { goString, goStruct } from '../../codec/go-json.ts';
import { credentialsOf } from '../../codec/registry-auth.ts';
import { registryDomain } from '../../codec/registry-domain.ts';
import { defineRoute } from '../../route.ts';

/** POST /auth: checks credentials for `docker login`. Returns the identity token if the registry issues one. */
export const auth = defineRoute({
  method: 'POST',
  path: '/auth',
  query: z.object({}),
  json: goStruct('registry.AuthConfig', {
    username: goString,
    password: goString,
    auth: goString,
    email: goString,
    serveraddress: goString,
    identitytoken: goString,
    registrytoken: goString,
  }),
  async handle({ body, signal }, registries: Pick<Registries, 'login'>) {
    const domain = registryDomain(body.serveraddress ?? '');
    const { identityToken } = await registries.login(domain, credentialsOf(body), signal);
    // The token in the request stays valid unless the registry issued another.
    const token = identityToken ?? body.identitytoken ?? '';
    return { status: 200, body: { IdentityToken: token, Status: 'Login Succeeded' } };
  },
});
