import type { Timestamp } from '../../grpc/messages/google-protobuf.ts';

/** From milliseconds since the epoch, perhaps with a fraction. */
export function toTimestamp(milliseconds: number): Timestamp {
  const seconds = Math.floor(milliseconds / 1000);
  return { seconds, nanos: Math.round((milliseconds - seconds * 1000) * 1e6) };
}

export function maybeTimestamp(milliseconds: number | undefined): Timestamp | undefined {
  return milliseconds === undefined ? undefined : toTimestamp(milliseconds);
}
