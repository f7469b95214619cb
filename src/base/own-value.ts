/**
 * Looks a key from outside up in a table. A plain `table[key]` also finds what every object inherits, such as
 * `constructor`.
 */
export function ownValue<T>(table: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}
