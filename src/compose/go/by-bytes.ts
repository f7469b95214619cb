/** Go's order of strings, by bytes of UTF-8. UTF-16 differs for characters beyond U+FFFF. */
export function byBytes(a: string, b: string): number {
  for (let at = 0; at < a.length && at < b.length; at++) {
    const left = a.charCodeAt(at);
    const right = b.charCodeAt(at);
    if (left === right) continue;
    const isSurrogate = (code: number): boolean => code >= 0xd800 && code < 0xe000;
    if (isSurrogate(left) !== isSurrogate(right)) return isSurrogate(left) ? 1 : -1;
    return left - right;
  }
  return a.length - b.length;
}
