import * as z from 'zod/mini';
import { compareVersions } from '../../../base/versions.ts';
import type { Images } from '../../../images/index.ts';
import { queryBool, queryFilters, queryString } from '../../codec/query.ts';
import { defineRoute } from '../../route.ts';
import { imageListFor } from '../../versions/image-shapes.ts';

/**
 * GET /images/json. Containers are counted from 1.51 on. Before 1.41 `filter` was another form of the filter
 * `reference`.
 */
export const listImages = defineRoute({
  method: 'GET',
  path: '/images/json',
  query: z.object({
    all: queryBool(),
    filters: queryFilters,
    filter: queryString,
    'shared-size': queryBool(),
    manifests: queryBool(),
  }),
  querySince: { 'shared-size': '1.42', manifests: '1.47' },
  async handle({ query, version }, images: Pick<Images, 'list'>) {
    const filters =
      query.filter === '' || compareVersions(version, '1.41') >= 0
        ? query.filters
        : { ...query.filters, reference: [query.filter] };
    const { all, manifests } = query;
    const countContainers = compareVersions(version, '1.51') >= 0;
    const list = await images.list({ all, filters, sharedSize: query['shared-size'], countContainers, manifests });
    return { status: 200, bodyFor: (version) => imageListFor(version, list) };
  },
});
