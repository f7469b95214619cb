import * as z from 'zod/mini';
import type { Images } from '../../../images/index.ts';
import { queryBool, queryPlatforms } from '../../codec/query.ts';
import { defineRoute } from '../../route.ts';

/**
 * POST /images/load: loads an archive of images, plain or compressed. Errors of the archive are in the stream of a 200.
 */
export const loadImages = defineRoute({
  method: 'POST',
  path: '/images/load',
  stream: true,
  query: z.object({ quiet: queryBool(), platform: queryPlatforms }),
  querySince: { platform: '1.48' },
  async handle({ query, stream }, images: Pick<Images, 'load'>) {
    const options = { quiet: query.quiet, platforms: query.platform };
    return {
      status: 200,
      errorsInStream: true,
      progress: (send, signal) => images.load(stream, options, send, signal),
    };
  },
});
