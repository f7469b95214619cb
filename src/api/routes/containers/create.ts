import * as z from 'zod/mini';
import { invalid } from '../../../base/errors.ts';
import type { Containers } from '../../../containers/index.ts';
import { queryString } from '../../codec/query.ts';
import { defineRoute } from '../../route.ts';
import { createContainerBody } from '../../schema/create-container.ts';
import { createRequestFor } from '../../versions/create-request.ts';
import { hasWritableSubmounts } from '../../versions/older-create.ts';

/** POST /containers/create: 201, 400, 404 no such image, 409 name in use. */
export const createContainer = defineRoute({
  method: 'POST',
  path: '/containers/create',
  query: z.object({ name: queryString, platform: queryString }),
  querySince: { platform: '1.41' },
  json: createContainerBody,
  async handle({ query, body: given, version, signal }, containers: Pick<Containers, 'create'>) {
    const { HostConfig: _host, NetworkingConfig: _network, ...config } = given;
    if (Object.keys(config).length === 0) throw invalid('config cannot be empty in order to create a container');
    const { body, warnings } = createRequestFor(version, given);
    const { name, platform } = query;
    const request = { name, platform, body, writableSubmounts: hasWritableSubmounts(version) };
    const created = await containers.create(request, signal);
    return { status: 201, body: { Id: created.id, Warnings: [...created.warnings, ...warnings] } };
  },
});
