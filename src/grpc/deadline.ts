import { code, GrpcError } from './status.ts';

/** Milliseconds of the units in `grpc-timeout` (gRPC over HTTP/2, "Requests"). */
const UNITS: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 };
const MAX_DIGITS_VALUE = 99_999_999;
/** The longest delay of a timer. A call with a longer timeout has none. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** @throws GrpcError for a malformed value. Undefined without a header. */
export function parseTimeoutMs(header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  const [, digits, unit = ''] = /^([0-9]{1,8})([HMSmun])$/.exec(header) ?? [];
  if (digits === undefined)
    throw new GrpcError(code.invalidArgument, `malformed grpc-timeout ${JSON.stringify(header)}`);
  return Number(digits) * (UNITS[unit] ?? 1);
}

/** The header's value has at most eight digits. */
export function formatTimeout(timeoutMs: number): string {
  const ms = Math.max(Math.ceil(timeoutMs), 0);
  return ms <= MAX_DIGITS_VALUE ? `${ms}m` : `${Math.min(Math.ceil(ms / 1000), MAX_DIGITS_VALUE)}S`;
}

/** Calls `expired` with the error when the time is over, unless the result is called before. */
export function startDeadline(timeoutMs: number | undefined, expired: (error: GrpcError) => void): () => void {
  if (timeoutMs === undefined || timeoutMs > MAX_TIMER_MS) return () => undefined;
  const fire = (): void => expired(new GrpcError(code.deadlineExceeded, 'context deadline exceeded'));
  const timer = setTimeout(fire, timeoutMs);
  return () => clearTimeout(timer);
}
