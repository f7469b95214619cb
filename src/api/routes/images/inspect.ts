import * as z from 'zod/mini';
import { invalid } from '../../../base/errors.ts';
import type { Images } from '../../../images/index.ts';
import { queryBool, queryPlatform } from '../../codec/query.ts';
import { defineRoute } from '../../route.ts';
import { imageInspectFor } from '../../versions/image-shapes.ts';

/** GET /images/{name}/json. */
export const inspectImage = defineRoute({
  method: 'GET',
  path: '/images/:name+/json',
  query: z.object({ platform: queryPlatform, manifests: queryBool() }),
  querySince: { manifests: '1.48', platform: '1.49' },
  async handle({ params, query }, images: Pick<Images, 'inspect'>) {
    const { platform, manifests } = query;
    if (platform !== undefined && manifests) {
      throw invalid('conflicting options: manifests and platform options cannot both be set');
    }
    const options = { manifests, ...(platform === undefined ? {} : { platform }) };
    const image = await images.inspect(params['name'] ?? '', options);
    return { status: 200, int64: true, bodyFor: (version) => imageInspectFor(version, image) };
  },
});
