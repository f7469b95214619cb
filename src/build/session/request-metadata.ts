import type { MetadataInit } from '../../grpc/index.ts';

/**
 * Metadata of a request for files. Where a value of a name is not printable ASCII, all values of that name are escaped as in
 * queries, and `<name>-encoded` says so.
 */
export function requestMetadata(values: Readonly<Record<string, readonly string[]>>): MetadataInit {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, list]): [string, readonly string[]][] => {
      if (list.length === 0) return [];
      if (list.every((value) => /^[\x20-\x7e]*$/.test(value))) return [[name, list]];
      return [
        [name, list.map(escapeQuery)],
        [`${name}-encoded`, ['1']],
      ];
    }),
  );
}

/** As Go's `url.QueryEscape`. */
function escapeQuery(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+');
}
