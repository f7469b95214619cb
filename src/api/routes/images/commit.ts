import * as z from 'zod/mini';
import type { Images } from '../../../images/index.ts';
import { goStruct } from '../../codec/go-json.ts';
import { queryBool, queryString, queryStrings } from '../../codec/query.ts';
import { defineRoute } from '../../route.ts';
import { containerConfigFields } from '../../schema/container-config.ts';

/**
 * POST /commit: makes an image of a container's changes. An absent or empty body stands for the container's own config.
 */
export const commitImage = defineRoute({
  method: 'POST',
  path: '/commit',
  query: z.object({
    container: queryString,
    repo: queryString,
    tag: queryString,
    comment: queryString,
    author: queryString,
    pause: queryBool(true),
    changes: queryStrings,
  }),
  json: goStruct('container.CreateRequest', containerConfigFields),
  emptyBody: 'accepted',
  async handle({ query, body, signal }, images: Pick<Images, 'commit'>) {
    const config = Object.keys(body).length === 0 ? undefined : body;
    const id = await images.commit({ ...query, config }, signal);
    return { status: 201, body: { Id: id } };
  },
});
