import * as z from 'zod/mini';
import { EngineError, invalid } from '../../../base/errors.ts';
import type { Images } from '../../../images/index.ts';
import { queryString, queryStrings } from '../../codec/query.ts';
import { defineRoute, type SendLine } from '../../route.ts';

export interface CreateImageDeps {
  readonly images: Pick<Images, 'import'>;
  /** Brings an image from a registry; absent while the engine has no registry client. */
  readonly pull?: (
    request: { readonly image: string; readonly tag: string; readonly platform: string; readonly auth: string },
    progress: SendLine,
    signal: AbortSignal,
  ) => Promise<void>;
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
      const { pull } = deps;
      if (pull === undefined) {
        const name =
          query.tag === '' || query.fromImage.includes(':') ? query.fromImage : `${query.fromImage}:${query.tag}`;
        throw new EngineError(
          'notImplemented',
          `cannot pull ${name}: this engine has no registry client yet; use load or import`,
        );
      }
      const request = {
        image: query.fromImage,
        tag: query.tag,
        platform: query.platform,
        auth: String(headers['x-registry-auth'] ?? ''),
      };
      return { status: 200, progress: (send, signal) => pull(request, send, signal) };
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
