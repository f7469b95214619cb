import * as z from 'zod/mini';
import { invalid } from '../../../base/errors.ts';
import type { Images } from '../../../images/index.ts';
import { queryFilters, queryString } from '../../codec/query.ts';
import { registryAuth } from '../../codec/registry-auth.ts';
import { defineRoute } from '../../route.ts';

/** GET /images/search: searches Docker Hub, or the registry that the term begins with. */
export const searchImages = defineRoute({
  method: 'GET',
  path: '/images/search',
  query: z.object({ term: queryString, limit: queryString, filters: queryFilters }),
  async handle({ query, headers, signal }, images: Pick<Images, 'search'>) {
    const limit = parseLimit(query.limit ?? '');
    if (limit !== 0 && (limit < 1 || limit > 100)) throw invalid(`limit ${limit} is outside the range of [1, 100]`);
    const { term, filters } = query;
    const credentials = registryAuth(headers['x-registry-auth']);
    const found = await images.search(term, { limit: limit === 0 ? 25 : limit, filters, credentials }, signal);
    return { status: 200, body: found };
  },
});

function parseLimit(text: string): number {
  if (text === '' || /^[+-]?\d{1,15}$/.test(text)) return Number(text);
  throw invalid(`invalid limit specified: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
}
