import * as z from 'zod/mini';
import { invalid } from '../../../base/errors.ts';
import { jsonFault } from '../../codec/json-fault.ts';

/** A parameter whose value is JSON. Absent, empty and `null` are undefined. `what` is for the error, as dockerd has it. */
export function jsonParameter<T>(what: string, schema: z.ZodMiniType<T>): z.ZodMiniType<T | undefined> {
  return z.pipe(
    z.optional(z.unknown()),
    z.transform((values) => {
      const text = (values as readonly string[] | undefined)?.[0] ?? '';
      if (text === '') return undefined;
      let value: unknown;
      try {
        value = JSON.parse(text);
      } catch {
        throw invalid(`error reading ${what}: ${jsonFault(text)}`);
      }
      if (value === null) return undefined;
      const read = schema.safeParse(value);
      if (read.success) return read.data;
      throw invalid(`error reading ${what}: the value has another type than expected`);
    }),
  ) as unknown as z.ZodMiniType<T | undefined>;
}

/** An integer. As in dockerd, everything else is 0. */
export const lenientInteger: z.ZodMiniType<number> = z.pipe(
  z.optional(z.unknown()),
  z.transform((values) => {
    const text = (values as readonly string[] | undefined)?.[0] ?? '';
    return /^[+-]?\d{1,15}$/.test(text) ? Number(text) : 0;
  }),
) as unknown as z.ZodMiniType<number>;
