/** Go's `unicode.IsSpace`. JavaScript's `\s` has U+FEFF and lacks U+0085. */
const SPACES = '\\t-\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const SPACE = new RegExp(`[${SPACES}]`);
const LEADING = new RegExp(`^[${SPACES}]+`);

export function isSpace(char: string): boolean {
  return SPACE.test(char);
}

export function trimStart(text: string): string {
  return text.replace(LEADING, '');
}

/** Go's `strings.TrimSpace`. */
export function trimSpace(text: string): string {
  let end = text.length;
  while (end > 0 && isSpace(text[end - 1] ?? '')) end--;
  return trimStart(text.slice(0, end));
}
