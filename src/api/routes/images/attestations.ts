import * as z from 'zod/mini';
import type { Images } from '../../../images/index.ts';
import { queryBool, queryPlatforms, queryStrings } from '../../codec/query.ts';
import { defineRoute } from '../../route.ts';

/** GET /images/{name}/attestations. */
export const imageAttestations = defineRoute({
  method: 'GET',
  path: '/images/:name+/attestations',
  query: z.object({ platform: queryPlatforms, type: queryStrings, statement: queryBool() }),
  async handle({ params, query }, images: Pick<Images, 'attestations'>) {
    const options = { platforms: query.platform, types: query.type, statement: query.statement };
    return { status: 200, body: await images.attestations(params['name'] ?? '', options) };
  },
});
