import * as z from 'zod/mini';
import { invalid } from '../../../base/errors.ts';
import type { Images } from '../../../images/index.ts';
import { parsePlatform } from '../../../spec/index.ts';
import { queryString, queryStrings } from '../../codec/query.ts';
import { registryAuth } from '../../codec/registry-auth.ts';
import { defineRoute } from '../../route.ts';

export interface CreateImageDeps {
  readonly images: Pick<Images, 'import' | 'importFrom' | 'pull'>;
}

/**
 * POST /images/create: `fromImage` pulls. `fromSrc` imports a root file system, from a URL, or with `-` from the body.
 */
export const createImage = defineRoute({
  method: 'POST',
  path: '/images/create',
  stream: true,
  query: z.object({
    fromImage: queryString,
    fromSrc: queryString,
    repo: queryString,
    tag: queryString,
    message: queryString,
    changes: queryStrings,
    platform: queryString,
  }),
  async handle({ query, stream, headers }, deps: CreateImageDeps) {
    if (query.fromImage !== '') {
      const request = {
        image: query.fromImage,
        tag: query.tag,
        credentials: registryAuth(headers['x-registry-auth']),
        ...(query.platform === '' ? {} : { platform: parsePlatform(query.platform) }),
      };
      return { status: 200, progress: (send, signal) => deps.images.pull(request, send, signal) };
    }
    if (query.fromSrc === '') throw invalid('fromImage or fromSrc is required');
    const { fromSrc, repo, tag, message, changes, platform } = query;
    const options = { repo, tag, message, changes, platform };
    return {
      status: 200,
      progress: async (send, signal) => {
        if (fromSrc === '-') await deps.images.import(stream, options, send, signal);
        else await deps.images.importFrom(fromSrc, options, send, signal);
      },
    };
  },
});
