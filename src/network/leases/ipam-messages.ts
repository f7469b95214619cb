import * as z from 'zod/mini';

/** Answers of IPAM plugins (libnetwork's remote IPAM protocol). Missing and null fields are as Go reads them. */

const text = z.pipe(
  z._default(z.nullable(z.string().check(z.maxLength(256))), ''),
  z.transform((value) => value ?? ''),
);
const flag = z.pipe(
  z._default(z.nullable(z.boolean()), false),
  z.transform((value) => value ?? false),
);

/** Every answer may be an error with status 200. Drivers of networks and volumes call the field `Err`. */
const fields = { Error: text };

export const nothing = z.looseObject(fields);

export const capabilities = z.looseObject({ ...fields, RequiresMACAddress: flag });

export const addressSpaces = z.looseObject({
  ...fields,
  LocalDefaultAddressSpace: text,
  GlobalDefaultAddressSpace: text,
});

export const pool = z.looseObject({
  ...fields,
  PoolID: text,
  Pool: text,
  Data: z.optional(z.nullable(z.looseObject({ 'com.docker.network.gateway': z.optional(text) }))),
});

export const address = z.looseObject({ ...fields, Address: text });
