import * as z from 'zod/mini';
import type { Images } from '../../../images/index.ts';
import { queryPlatform } from '../../codec/query.ts';
import { defineRoute } from '../../route.ts';

/** GET /images/{name}/history. */
export const imageHistory = defineRoute({
  method: 'GET',
  path: '/images/:name+/history',
  query: z.object({ platform: queryPlatform }),
  querySince: { platform: '1.48' },
  async handle({ params, query }, images: Pick<Images, 'history'>) {
    const options = query.platform === undefined ? {} : { platform: query.platform };
    return { status: 200, body: await images.history(params['name'] ?? '', options) };
  },
});
