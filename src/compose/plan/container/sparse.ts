type Defined<T> = { readonly [Key in keyof T]?: Exclude<T[Key], undefined> };

/** A copy without the fields that are undefined. */
export function withoutUndefined<T extends object>(value: T): Defined<T> {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as Defined<T>;
}

/** Undefined for no entries. */
export function recordOf(map: ReadonlyMap<string, string> | undefined): Readonly<Record<string, string>> | undefined {
  return map === undefined || map.size === 0 ? undefined : Object.fromEntries(map);
}
