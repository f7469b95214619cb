import * as z from 'zod/mini';
import type { Images } from '../../../images/index.ts';
import { queryPlatforms, queryStrings } from '../../codec/query.ts';
import { defineRoute, type Reply } from '../../route.ts';

/** GET /images/get: returns one archive of all `names`. */
export const saveImages = defineRoute({
  method: 'GET',
  path: '/images/get',
  query: z.object({ names: queryStrings, platform: queryPlatforms }),
  querySince: { platform: '1.48' },
  handle: ({ query }, images: Pick<Images, 'save'>) => archive(images, query.names, query),
});

/** GET /images/{name}/get. */
export const saveImage = defineRoute({
  method: 'GET',
  path: '/images/:name+/get',
  query: z.object({ platform: queryPlatforms }),
  querySince: { platform: '1.48' },
  handle: ({ params, query }, images: Pick<Images, 'save'>) => archive(images, [params['name'] ?? ''], query),
});

async function archive(
  images: Pick<Images, 'save'>,
  names: readonly string[],
  { platform }: { readonly platform: Parameters<Images['save']>[1]['platforms'] },
): Promise<Reply> {
  const saved = await images.save(names, { platforms: platform });
  return {
    status: 200,
    contentType: 'application/x-tar',
    async write(send, signal) {
      await using archive = saved;
      await archive.writeTo(send, signal);
    },
  };
}
