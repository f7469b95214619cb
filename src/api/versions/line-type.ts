/** The form of a stream of JSON objects: one per line, or as in RFC 7464, each after a record separator. */
export type LineType = 'application/json' | 'application/x-ndjson' | 'application/json-seq';

const KNOWN: readonly LineType[] = ['application/json', 'application/x-ndjson', 'application/json-seq'];

/**
 * The form that the client prefers in `Accept`, by its weights, then its order. JSON when it names none (RFC 9110,
 * 12.5.1).
 */
export function lineType(accept: string | undefined): LineType {
  let best: { readonly type: LineType; readonly weight: number } | undefined;
  for (const part of (accept ?? '').split(',')) {
    const [name = '', ...parameters] = part.split(';').map((each) => each.trim().toLowerCase());
    const type = KNOWN.find((known) => known === name);
    const quality = parameters.find((each) => each.startsWith('q='));
    const weight = quality === undefined ? 1 : Number(quality.slice(2));
    if (type !== undefined && weight > (best?.weight ?? 0)) best = { type, weight };
  }
  return best?.type ?? 'application/json';
}
