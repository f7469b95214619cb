import { randomBytes } from 'node:crypto';
import { invalid } from '../../base/errors.ts';

/** Six random bytes with the bits of a locally administered unicast address, as in Docker 28. */
export function newHardwareAddress(): Buffer {
  return asLocalUnicast(randomBytes(6));
}

/** Sets the bits of a locally administered unicast address in six bytes, and returns them. */
export function asLocalUnicast(bytes: Buffer): Buffer {
  bytes[0] = ((bytes[0] ?? 0) & 0xfc) | 0x02;
  return bytes;
}

/** `02:42:ac:11:00:02` */
export function formatHardwareAddress(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(':');
}

/**
 * Parses bytes separated by colons or hyphens. @throws EngineError invalid, also for a group address, which no link can
 * have
 */
export function parseHardwareAddress(text: string): Buffer {
  if (!/^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/i.test(text)) throw invalid(`invalid MAC address: ${text}`);
  const bytes = Buffer.from(text.replaceAll(/[:-]/g, ''), 'hex');
  if (((bytes[0] ?? 0) & 1) === 1) throw invalid(`invalid MAC address: ${text} is a group address`);
  return bytes;
}
