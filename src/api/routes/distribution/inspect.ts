import * as z from 'zod/mini';
import type { Images } from '../../../images/index.ts';
import { registryAuth } from '../../codec/registry-auth.ts';
import { defineRoute } from '../../route.ts';

/** GET /distribution/{name}/json: returns descriptor and platforms, from the registry. */
export const inspectDistribution = defineRoute({
  method: 'GET',
  path: '/distribution/:name+/json',
  query: z.object({}),
  async handle({ params, headers, signal }, images: Pick<Images, 'distribution'>) {
    const credentials = registryAuth(headers['x-registry-auth']);
    return { status: 200, body: await images.distribution(params['name'] ?? '', credentials, signal) };
  },
});
