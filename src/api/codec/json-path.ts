/** Converts a path with a schema's spelling of the keys into one with the spelling in `value`. */
export function spelledPath(value: unknown, path: readonly PropertyKey[]): readonly string[] {
  const spelled: string[] = [];
  let current = value;
  for (const part of path) {
    const key = spelledKey(current, String(part));
    spelled.push(key);
    current = typeof current === 'object' && current !== null ? (current as Record<string, unknown>)[key] : undefined;
  }
  return spelled;
}

function spelledKey(value: unknown, key: string): string {
  if (typeof value !== 'object' || value === null || Object.hasOwn(value, key)) return key;
  return Object.keys(value).find((own) => own.toLowerCase() === key.toLowerCase()) ?? key;
}

/** The number at a path of a JSON text, with all its digits. */
export function literalAt(text: string, path: readonly string[]): string {
  const literals: unknown = JSON.parse(text, keepLiteral);
  let current = literals;
  for (const key of path) current = (current as Record<string, unknown>)[key];
  return String(current);
}

/**
 * A reviver of `JSON.parse` that keeps the source text. The types lack its last parameter (ECMAScript, JSON.parse
 * source text access).
 */
function keepLiteral(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  return typeof value === 'number' ? (context?.source ?? value) : value;
}
