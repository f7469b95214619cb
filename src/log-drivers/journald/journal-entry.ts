const LINE_FEED = Buffer.from('\n');

/**
 * Encodes one entry of the journal's native protocol (systemd, "Native Journal Protocol"): `NAME=value` lines, and values with a line feed
 * as name, length of 8 bytes, value.
 */
export function encodeEntry(fields: readonly (readonly [name: string, value: string | Buffer])[]): Buffer {
  const parts: Buffer[] = [];
  for (const [name, value] of fields) {
    const bytes = typeof value === 'string' ? Buffer.from(value) : value;
    if (!bytes.includes(LINE_FEED)) parts.push(Buffer.from(`${name}=`), bytes, LINE_FEED);
    else parts.push(Buffer.from(`${name}\n`), lengthOf(bytes), bytes, LINE_FEED);
  }
  return Buffer.concat(parts);
}

/** The name of a label or variable as a field: `b-c.d` becomes `B_C_D`. Letters or digits come first. Empty when nothing is left. */
export function fieldName(name: string): string {
  return name
    .replace(/[^a-zA-Z0-9]/g, '_')
    .replace(/^_+/, '')
    .toUpperCase();
}

function lengthOf(bytes: Buffer): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(bytes.length));
  return length;
}
