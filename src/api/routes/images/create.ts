import * as z from 'zod/mini';
import { invalid } from '../../../base/errors.ts';
import type { Images } from '../../../images/index.ts';
import { parsePlatform } from '../../../spec/index.ts';
import { queryString, queryStrings } from '../../codec/query.ts';
import { registryAuth } from '../../codec/registry-auth.ts';
import { defineRoute } from '../../route.ts';

export interface CreateImageDeps {
  readonly images: Pick<Images, 'import' | 'pull'>;
}

/** POST /images/create: `fromImage` pulls, `fromSrc=-` imports the body as a root file system. */
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
    if (query.fromSrc !== '-') {
      throw invalid(
        query.fromSrc === '' ? 'fromImage or fromSrc is required' : 'only fromSrc=- (the body) can be imported',
      );
    }
    const { repo, tag, message, changes, platform } = query;
    const options = { repo, tag, message, changes, platform };
    return {
      status: 200,
      progress: async (send, signal) => {
        await deps.images.import(stream, options, send, signal);
      },
    };
  },
});
