// The escapes within a JSON string (RFC 8259, section 7), decoded byte by byte: a log can hold a million lines a
// second.

/** The escapes of JSON that consist of one letter. */
export const ESCAPED = new Uint8Array(128);
for (const [letter, text] of Object.entries({
  n: '\n',
  r: '\r',
  t: '\t',
  b: '\b',
  f: '\f',
  '"': '"',
  '\\': '\\',
  '/': '/',
})) {
  ESCAPED[letter.charCodeAt(0)] = text.charCodeAt(0);
}

/** Returns -1 when the bytes are not a hexadecimal number. */
export function hex4(bytes: Buffer, at: number): number {
  let value = 0;
  for (let i = at; i < at + 4; i += 1) {
    const byte = bytes[i] ?? 0;
    const lower = byte | 0x20;
    if (byte >= 0x30 && byte <= 0x39) value = value * 16 + byte - 0x30;
    else if (lower >= 0x61 && lower <= 0x66) value = value * 16 + lower - 0x57;
    else return -1;
  }
  return value;
}

/** A lone surrogate becomes U+FFFD, as in every decoder. */
export function putUtf8(out: Buffer, at: number, code: number): number {
  const point = code >= 0xd800 && code < 0xe000 ? 0xfffd : code;
  let put = at;
  if (point < 0x80) out[put++] = point;
  else if (point < 0x800) {
    out[put++] = 0xc0 | (point >> 6);
    out[put++] = 0x80 | (point & 63);
  } else if (point < 0x10000) {
    out[put++] = 0xe0 | (point >> 12);
    out[put++] = 0x80 | ((point >> 6) & 63);
    out[put++] = 0x80 | (point & 63);
  } else {
    out[put++] = 0xf0 | (point >> 18);
    out[put++] = 0x80 | ((point >> 12) & 63);
    out[put++] = 0x80 | ((point >> 6) & 63);
    out[put++] = 0x80 | (point & 63);
  }
  return put;
}
