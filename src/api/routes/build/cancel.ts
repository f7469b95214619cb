import * as z from 'zod/mini';
import type { Builder, ClassicBuilder } from '../../../build/index.ts';
import { queryString } from '../../codec/query.ts';
import { defineRoute } from '../../route.ts';

interface Cancelled {
  readonly builder: Pick<Builder, 'cancel'>;
  readonly classic: Pick<ClassicBuilder, 'cancel'>;
}

/** POST /build/cancel: of either builder. */
export const cancelBuild = defineRoute({
  method: 'POST',
  path: '/build/cancel',
  since: '1.39',
  query: z.object({ id: queryString }),
  async handle({ query }, { builder, classic }: Cancelled) {
    builder.cancel(query.id);
    classic.cancel(query.id);
    return { status: 204 };
  },
});
