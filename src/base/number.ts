declare global {
  interface JSON {
    /** JSON text that `stringify` writes unchanged (ECMAScript proposal, in V8 since 11.4). */
    rawJSON(text: string): object;
  }
}

/**
 * A replacer for `JSON.stringify`: integers that a double cannot hold are written exactly, and bigints as bare
 * integers.
 */
export function int64Replacer(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return JSON.rawJSON(value.toString());
  if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)) {
    return JSON.rawJSON(BigInt(value).toString());
  }
  return value;
}
