import * as z from 'zod/mini';
import { invalid } from '../../../base/errors.ts';
import type { Containers } from '../../../containers/index.ts';
import { queryString } from '../../codec/query.ts';
import { defineRoute } from '../../route.ts';

/** The longest body that counts as empty: `{}`, `null` and white space. */
const NO_BODY = 7;

/**
 * POST /containers/{id}/start: 204, 304 when it runs already. The HostConfig that clients before 1.24 sent is refused.
 */
export const startContainer = defineRoute({
  method: 'POST',
  path: '/containers/:id+/start',
  query: z.object({ checkpoint: queryString }),
  async handle({ params, query, headers, signal }, containers: Pick<Containers, 'start'>) {
    if (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > NO_BODY)
      throw invalid(
        'starting container with non-empty request body was deprecated since API v1.22 and removed in v1.24',
      );
    if (query.checkpoint !== '') throw invalid('checkpoint is only supported in experimental mode');
    await containers.start(params['id'] ?? '', signal);
    return { status: 204 };
  },
});
