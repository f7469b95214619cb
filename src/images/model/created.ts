import { type Nanos, parseNanos } from '../../base/time.ts';
import type { ImageConfig } from '../../spec/index.ts';

/** The creation time of an image, in nanoseconds. Undefined when it has none, or a malformed one. */
export function createdAt({ config }: { readonly config: ImageConfig }): Nanos | undefined {
  return config.created === undefined ? undefined : parseNanos(config.created);
}

/** Returns Go's zero time when the time is missing or malformed. */
export function unixSeconds(time: string | undefined): number {
  const nanos = time === undefined ? undefined : parseNanos(time);
  return nanos === undefined ? -62_135_596_800 : Number(nanos / 1_000_000_000n);
}
