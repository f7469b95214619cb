import * as z from 'zod/mini';
import type { Builder } from '../../../build/index.ts';
import { queryString } from '../../codec/query.ts';
import { defineRoute } from '../../route.ts';

/** POST /build/cancel. */
export const cancelBuild = defineRoute({
  method: 'POST',
  path: '/build/cancel',
  since: '1.39',
  query: z.object({ id: queryString }),
  async handle({ query }, builder: Pick<Builder, 'cancel'>) {
    builder.cancel(query.id);
    return { status: 204 };
  },
});
