import { formatNanos, parseNanos } from '../../base/time.ts';

/** Length of the fixed form, `2026-01-02T03:04:05.000000000Z`. */
export const FIXED_BYTES = 30;
const SECONDS_BYTES = 19;

/**
 * Converts an RFC 3339 time into the fixed form, whose bytes sort as the times do. Returns false when the bytes are not
 * such a time.
 */
export function fixTime(fixed: Buffer, bytes: Buffer, from: number, to: number): boolean {
  if (bytes[to - 1] === 0x5a && to - from > SECONDS_BYTES && to - from <= FIXED_BYTES && bytes[from + 10] === 0x54) {
    bytes.copy(fixed, 0, from, to - 1);
    let put = to - 1 - from;
    if (put === SECONDS_BYTES) fixed[put++] = 0x2e;
    while (put < FIXED_BYTES - 1) fixed[put++] = 0x30;
    fixed[put] = 0x5a;
    return true;
  }
  const nanos = parseNanos(bytes.toString('latin1', from, to));
  if (nanos === undefined) return false;
  fixedTime(nanos).copy(fixed);
  return true;
}

/** Formats RFC 3339 in UTC with nine digits after the point. */
export function fixedTime(nanos: bigint): Buffer {
  const clamped = nanos < 0n ? 0n : nanos > LATEST ? LATEST : nanos;
  const [seconds = '', fraction = ''] = formatNanos(clamped).slice(0, -1).split('.');
  return Buffer.from(`${seconds}.${fraction.padEnd(9, '0')}Z`);
}

/** The last time whose year has four digits. */
const LATEST = 253_402_300_799_999_999_999n;
