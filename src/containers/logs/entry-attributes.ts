/** What `details` puts before the text of an entry without any. */
export const BLANK: Buffer = Buffer.from(' ');

/** With the blank that parts it from the text, which is all for no attributes. */
export function attributeBytes(attrs: unknown): Buffer {
  if (typeof attrs !== 'object' || attrs === null || Object.keys(attrs).length === 0) return BLANK;
  const pairs = Object.entries(attrs).sort(([a], [b]) => (a < b ? -1 : 1));
  return Buffer.from(
    `${pairs.map(([name, value]) => `${queryEscape(name)}=${queryEscape(String(value))}`).join(',')} `,
  );
}

/** Go's url.QueryEscape. */
function queryEscape(text: string): string {
  return encodeURIComponent(text.toWellFormed())
    .replace(/[!'()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+');
}
