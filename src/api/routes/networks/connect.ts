import * as z from 'zod/mini';
import type { Containers } from '../../../containers/index.ts';
import { goBool, goRoot, goString, goStruct } from '../../codec/go-json.ts';
import { defineRoute } from '../../route.ts';
import { endpointSettings } from '../../schema/create-container.ts';

/** POST /networks/{id}/connect: 200; 403 when the container is connected already. */
export const connectNetwork = defineRoute({
  method: 'POST',
  path: '/networks/:id+/connect',
  query: z.object({}),
  json: goRoot(
    'ConnectOptions',
    goStruct('network.ConnectOptions', { Container: goString, EndpointConfig: z.nullable(endpointSettings) }),
  ),
  emptyBody: 'accepted',
  async handle({ params, body, signal }, containers: Pick<Containers, 'connectNetwork'>) {
    const { Container: ref = '', EndpointConfig } = body;
    await containers.connectNetwork({ network: params['id'] ?? '', ref, settings: EndpointConfig ?? {} }, signal);
    return { status: 200 };
  },
});

/** POST /networks/{id}/disconnect: 200; 500 when the container is not connected. */
export const disconnectNetwork = defineRoute({
  method: 'POST',
  path: '/networks/:id+/disconnect',
  query: z.object({}),
  json: goRoot('DisconnectOptions', goStruct('network.DisconnectOptions', { Container: goString, Force: goBool })),
  emptyBody: 'accepted',
  async handle({ params, body, signal }, containers: Pick<Containers, 'disconnectNetwork'>) {
    const { Container: ref = '', Force: force = false } = body;
    await containers.disconnectNetwork({ network: params['id'] ?? '', ref, force }, signal);
    return { status: 200 };
  },
});
