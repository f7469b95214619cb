import { type Nanos, parseNanos } from '../../base/time.ts';
import type { ImageConfig } from '../../spec/index.ts';

/** When an image says that it was created, in nanoseconds; undefined when it says nothing or no time. */
export function createdAt({ config }: { readonly config: ImageConfig }): Nanos | undefined {
  return config.created === undefined ? undefined : parseNanos(config.created);
}

/** Go's zero time when it is missing or no time. */
export function unixSeconds(time: string | undefined): number {
  const nanos = time === undefined ? undefined : parseNanos(time);
  return nanos === undefined ? -62_135_596_800 : Number(nanos / 1_000_000_000n);
}
