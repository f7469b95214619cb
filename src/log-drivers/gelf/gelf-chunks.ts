import { randomBytes } from 'node:crypto';

/** A datagram that passes any link of today, as dockerd has it. */
const DATAGRAM_BYTES = 1420;
const HEAD_BYTES = 12;
const MAX_CHUNKS = 128;

/**
 * Splits a message into the chunks of GELF over UDP. A message for which 128 of them do not suffice has larger ones: it arrives where the
 * receiver takes them.
 */
export function gelfChunks(message: Buffer): readonly Buffer[] {
  if (message.length <= DATAGRAM_BYTES) return [message];
  const size = Math.max(DATAGRAM_BYTES - HEAD_BYTES, Math.ceil(message.length / MAX_CHUNKS));
  const count = Math.ceil(message.length / size);
  const id = randomBytes(8);
  return Array.from({ length: count }, (_, index) =>
    Buffer.concat([
      Buffer.from([0x1e, 0x0f]),
      id,
      Buffer.from([index, count]),
      message.subarray(index * size, (index + 1) * size),
    ]),
  );
}
