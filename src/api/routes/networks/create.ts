import * as z from 'zod/mini';
import type { CreateNetwork, Networks, RequestedPool } from '../../../network/index.ts';
import { goBool, goList, goMap, goRoot, goString, goStruct } from '../../codec/go-json.ts';
import { defineRoute } from '../../route.ts';
import { networkRequestFor } from '../../versions/older-requests.ts';

const body = goRoot(
  'CreateRequest',
  goStruct('network.CreateRequest', {
    Name: goString,
    CheckDuplicate: goBool,
    Driver: goString,
    Scope: goString,
    EnableIPv4: z.nullable(goBool),
    EnableIPv6: z.nullable(goBool),
    IPAM: goStruct('network.IPAM', {
      Driver: goString,
      Options: goMap(goString, ''),
      Config: goList(
        goStruct('network.IPAMConfig', {
          Subnet: goString,
          IPRange: goString,
          Gateway: goString,
          AuxiliaryAddresses: goMap(goString, ''),
        }),
        {},
      ),
    }),
    Internal: goBool,
    Attachable: goBool,
    Ingress: goBool,
    ConfigOnly: goBool,
    ConfigFrom: goStruct('network.ConfigReference', { Network: goString }),
    Options: goMap(goString, ''),
    Labels: goMap(goString, ''),
  }),
);

type Body = z.infer<typeof body>;

/** POST /networks/create: 201; 403 for the engine's own names and overlapping subnets; 409 for a name that exists. */
export const createNetwork = defineRoute({
  method: 'POST',
  path: '/networks/create',
  query: z.object({}),
  json: body,
  emptyBody: 'accepted',
  async handle({ body: request, version }, networks: Pick<Networks, 'create'>) {
    const { id } = await networks.create(networkOf(networkRequestFor(version, request)));
    return { status: 201, body: { Id: id, Warning: '' } };
  },
});

function networkOf(request: Body): CreateNetwork {
  const { IPAM } = request;
  return {
    name: request.Name ?? '',
    driver: request.Driver ?? '',
    scope: request.Scope ?? '',
    enableIpv4: request.EnableIPv4 ?? true,
    enableIpv6: request.EnableIPv6 ?? false,
    internal: request.Internal ?? false,
    attachable: request.Attachable ?? false,
    ingress: request.Ingress ?? false,
    configOnly: request.ConfigOnly ?? false,
    configFrom: request.ConfigFrom?.Network ?? '',
    ipam: { driver: IPAM?.Driver ?? '', options: IPAM?.Options ?? null, pools: (IPAM?.Config ?? []).map(poolOf) },
    options: request.Options ?? {},
    labels: request.Labels ?? {},
  };
}

type Pool = NonNullable<NonNullable<Body['IPAM']>['Config']>[number];

function poolOf({ Subnet = '', IPRange = '', Gateway = '', AuxiliaryAddresses = {} }: Pool): RequestedPool {
  return { subnet: Subnet, ipRange: IPRange, gateway: Gateway, auxAddresses: AuxiliaryAddresses };
}
