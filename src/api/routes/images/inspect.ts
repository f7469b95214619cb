import * as z from 'zod/mini';
import type { Images } from '../../../images/index.ts';
import { queryBool, queryPlatform } from '../../codec/query.ts';
import { defineRoute } from '../../route.ts';

/** GET /images/{name}/json. */
export const inspectImage = defineRoute({
  method: 'GET',
  path: '/images/:name+/json',
  query: z.object({ platform: queryPlatform, manifests: queryBool() }),
  async handle({ params, query }, images: Pick<Images, 'inspect'>) {
    const { platform, manifests } = query;
    const options = { manifests, ...(platform === undefined ? {} : { platform }) };
    return { status: 200, int64: true, body: await images.inspect(params['name'] ?? '', options) };
  },
});
