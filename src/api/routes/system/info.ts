import * as z from 'zod/mini';
import { defineRoute } from '../../route.ts';
import { type Info, infoFor } from '../../versions/info-shape.ts';

export interface InfoDeps {
  /** Returns the body of GET /info. */
  info(): Promise<Info>;
}

/** GET /info. */
export const info = defineRoute({
  method: 'GET',
  path: '/info',
  query: z.object({}),
  async handle(_request, system: InfoDeps) {
    const answer = await system.info();
    return { status: 200, int64: true, bodyFor: (version) => infoFor(version, answer) };
  },
});
