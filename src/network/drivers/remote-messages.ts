import * as z from 'zod/mini';
import { isIP } from '../../base/ip-version.ts';

/** Answers of network plugins (libnetwork's remote driver protocol). Missing and null fields are as Go reads them. */

const text = z._default(z.nullable(z.string().check(z.maxLength(256))), '');
const address = z
  .pipe(
    text,
    z.transform((value) => value ?? ''),
  )
  .check(z.refine((value) => value === '' || isIP(value) !== 0, 'not an IP address'));

/** What has nothing to say. */
export const nothing = z.looseObject({});

export const capabilities = z.looseObject({ Scope: text });

export const createdEndpoint = z.looseObject({
  Interface: z.optional(z.nullable(z.looseObject({ Address: text, AddressIPv6: text, MacAddress: text }))),
});

const staticRoute = z.looseObject({
  Destination: z.string().check(z.maxLength(64)),
  /** 0: by `NextHop`. 1: by the link itself. */
  RouteType: z._default(z.union([z.literal(0), z.literal(1)]), 0),
  NextHop: address,
});

export const joined = z.looseObject({
  InterfaceName: z.optional(z.nullable(z.looseObject({ SrcName: text, DstPrefix: text }))),
  Gateway: address,
  GatewayIPv6: address,
  StaticRoutes: z.optional(z.nullable(z.array(staticRoute).check(z.maxLength(1000)))),
});

export type Joined = z.infer<typeof joined>;
