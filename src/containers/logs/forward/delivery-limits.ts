import { parseBytes } from '../../../base/sizes.ts';
import { cachedFiles } from '../log-spec.ts';

/** What happens to output that the receiver does not take. */
export interface DeliveryLimits {
  /** More unsent bytes of the kept log are dropped, oldest first. Undefined: only what rotates away is. */
  readonly dropsBeyondBytes: number | undefined;
  /** With more unsent bytes the container waits. Undefined: never. */
  readonly holdsBeyondBytes: number | undefined;
  /** Number of files that the supervisor keeps. */
  readonly maxFiles: number;
}

const MEBIBYTE = 1024 * 1024;

export function deliveryLimits(options: Readonly<Record<string, string>>): DeliveryLimits {
  const { mode, 'max-buffer-size': size } = options;
  return {
    dropsBeyondBytes: mode === 'non-blocking' ? (parseBytes(size ?? '') ?? MEBIBYTE) : undefined,
    holdsBeyondBytes: mode === 'blocking' ? MEBIBYTE : undefined,
    maxFiles: cachedFiles(options),
  };
}
