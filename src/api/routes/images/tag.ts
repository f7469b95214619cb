import * as z from 'zod/mini';
import type { Images } from '../../../images/index.ts';
import { queryString } from '../../codec/query.ts';
import { defineRoute } from '../../route.ts';

/** POST /images/{name}/tag: 201. */
export const tagImage = defineRoute({
  method: 'POST',
  path: '/images/:name+/tag',
  query: z.object({ repo: queryString, tag: queryString }),
  async handle({ params, query }, images: Pick<Images, 'tag'>) {
    await images.tag(params['name'] ?? '', query);
    return { status: 201 };
  },
});
