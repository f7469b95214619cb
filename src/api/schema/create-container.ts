import * as z from 'zod/mini';
import type { CreateContainerBody } from '../../spec/index.ts';
import { goList, goMap, goPlainInt, goString, goStruct } from '../codec/go-json.ts';
import { containerConfigFields } from './container-config.ts';
import { hostConfig } from './host-config.ts';

const strings = goList(goString, '');

export const endpointSettings = goStruct('network.EndpointSettings', {
  IPAMConfig: goStruct('network.EndpointIPAMConfig', {
    IPv4Address: goString,
    IPv6Address: goString,
    LinkLocalIPs: strings,
  }),
  Links: strings,
  Aliases: strings,
  MacAddress: goString,
  DriverOpts: goMap(goString, ''),
  GwPriority: goPlainInt,
  NetworkID: goString,
  EndpointID: goString,
  Gateway: goString,
  IPAddress: goString,
  IPPrefixLen: goPlainInt,
  IPv6Gateway: goString,
  GlobalIPv6Address: goString,
  GlobalIPv6PrefixLen: goPlainInt,
  DNSNames: strings,
});

export const createContainerBody: z.ZodMiniType<CreateContainerBody> = goStruct('container.CreateRequest', {
  ...containerConfigFields,
  HostConfig: hostConfig,
  NetworkingConfig: goStruct('network.NetworkingConfig', {
    EndpointsConfig: goMap(z.nullable(endpointSettings), null, 'map[string]*network.EndpointSettings'),
  }),
});
