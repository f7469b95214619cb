import * as z from 'zod/mini';
import type { CreateContainerBody } from '../../spec/index.ts';
import { goInt, goList, goMap, goString, goStruct } from '../codec/go-json.ts';
import { containerConfigFields } from './container-config.ts';
import { hostConfig } from './host-config.ts';

const strings = goList(goString, '');

export const endpointSettings = goStruct({
  IPAMConfig: goStruct({ IPv4Address: goString, IPv6Address: goString, LinkLocalIPs: strings }),
  Links: strings,
  Aliases: strings,
  MacAddress: goString,
  DriverOpts: goMap(goString, ''),
  GwPriority: goInt,
  NetworkID: goString,
  EndpointID: goString,
  Gateway: goString,
  IPAddress: goString,
  IPPrefixLen: goInt,
  IPv6Gateway: goString,
  GlobalIPv6Address: goString,
  GlobalIPv6PrefixLen: goInt,
  DNSNames: strings,
});

export const createContainerBody: z.ZodMiniType<CreateContainerBody> = goStruct({
  ...containerConfigFields,
  HostConfig: hostConfig,
  NetworkingConfig: goStruct({ EndpointsConfig: goMap(z.nullable(endpointSettings), null) }),
});
