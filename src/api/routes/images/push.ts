import * as z from 'zod/mini';
import type { Images } from '../../../images/index.ts';
import { queryPlatform, queryString } from '../../codec/query.ts';
import { registryAuth } from '../../codec/registry-auth.ts';
import { defineRoute } from '../../route.ts';

/** POST /images/{name}/push: pushes one tag, or without `tag` all tags of the repository. */
export const pushImage = defineRoute({
  method: 'POST',
  path: '/images/:name+/push',
  query: z.object({ tag: queryString, platform: queryPlatform }),
  querySince: { platform: '1.46' },
  async handle({ params, query, headers }, images: Pick<Images, 'push'>) {
    const { tag, platform } = query;
    const request = {
      image: params['name'] ?? '',
      tag,
      credentials: registryAuth(headers['x-registry-auth']),
      ...(platform === undefined ? {} : { platform }),
    };
    return { status: 200, progress: (send, signal) => images.push(request, send, signal) };
  },
});
