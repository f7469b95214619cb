import { isObject } from '../../base/is-object.ts';

/** The bytes that `details` puts before the text of an entry without attributes. */
export const BLANK: Buffer = Buffer.from(' ');

/**
 * Encodes attributes with the blank that separates them from the text. Without attributes only the blank is returned.
 */
export function attributeBytes(attrs: unknown): Buffer {
  if (!isObject(attrs) || Object.keys(attrs).length === 0) return BLANK;
  const pairs = Object.entries(attrs).sort(([a], [b]) => (a < b ? -1 : 1));
  return Buffer.from(
    `${pairs.map(([name, value]) => `${queryEscape(name)}=${queryEscape(String(value))}`).join(',')} `,
  );
}

/** Escapes as Go's url.QueryEscape does. */
function queryEscape(text: string): string {
  return encodeURIComponent(text.toWellFormed())
    .replace(/[!'()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+');
}
