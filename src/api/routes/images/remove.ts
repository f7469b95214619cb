import * as z from 'zod/mini';
import { invalid } from '../../../base/errors.ts';
import type { Images } from '../../../images/index.ts';
import { queryBool, queryPlatforms } from '../../codec/query.ts';
import { defineRoute } from '../../route.ts';

/** DELETE /images/{name}: returns the untagged names and deleted images. 409 when it is in use. */
export const removeImage = defineRoute({
  method: 'DELETE',
  path: '/images/:name+',
  query: z.object({ force: queryBool(), noprune: queryBool(), platforms: queryPlatforms }),
  querySince: { platforms: '1.50' },
  async handle({ params, query, signal }, images: Pick<Images, 'remove'>) {
    const options = { force: query.force, noPrune: query.noprune, platforms: query.platforms };
    return { status: 200, body: await images.remove(params['name'] ?? '', options, signal) };
  },
});

/** DELETE /images/: the image without a name. */
export const removeNamelessImage = defineRoute({
  method: 'DELETE',
  path: '/images/',
  query: z.object({}),
  async handle() {
    throw invalid('image name cannot be blank');
  },
});
