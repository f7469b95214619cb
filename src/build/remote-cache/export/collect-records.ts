import type { Digest } from '../../../base/ids.ts';
import type { RecordKey } from '../../solver/index.ts';

/** Of a record's keys, those that travel: its own, and the last ones. Each context of a client gives a record another key. */
const KEYS_MAX = 5;

/** A record to export. Its result comes later. */
export interface CollectedRecord {
  readonly id: Digest;
  readonly digest: Digest;
  readonly inputs: readonly (readonly number[])[];
}

/**
 * Finds records with all that they were made from, by their keys. What has no keys, or no inputs, is a record that others name
 * by its digest. Inputs come first.
 */
export function collectRecords(
  roots: readonly Digest[],
  keysOf: (id: Digest) => readonly RecordKey[],
): readonly CollectedRecord[] {
  const known = new Map<Digest, readonly RecordKey[]>();
  const order: Digest[] = [];
  const open = roots.map((id) => ({ id, isReady: false }));
  for (let top = open.pop(); top !== undefined; top = open.pop()) {
    if (top.isReady) order.push(top.id);
    if (known.has(top.id)) continue;
    const keys = chosen(top.id, keysOf(top.id));
    known.set(top.id, keys);
    open.push({ id: top.id, isReady: true });
    for (const id of new Set(keys.flatMap(({ inputs }) => inputs))) open.push({ id, isReady: false });
  }
  const places = new Map(order.map((id, at) => [id, at]));
  return order.map((id) => recordOf(id, known.get(id) ?? [], places));
}

/** The keys of one op, the record's own first. */
function chosen(id: Digest, keys: readonly RecordKey[]): readonly RecordKey[] {
  const own = keys.find(({ key }) => key === id) ?? keys.at(-1);
  if (own === undefined) return [];
  const others = keys.filter((key) => key !== own && key.op === own.op && key.inputs.length === own.inputs.length);
  return [own, ...others.slice(1 - KEYS_MAX)];
}

function recordOf(id: Digest, keys: readonly RecordKey[], places: ReadonlyMap<Digest, number>): CollectedRecord {
  const [own] = keys;
  if (own === undefined || own.inputs.length === 0) return { id, digest: own?.key ?? id, inputs: [] };
  const place = places.get(id) ?? 0;
  // A file that is copied away and back makes a record of itself: readers refuse such circles.
  const placesOf = (at: number): readonly number[] =>
    keys.map(({ inputs: ids }) => places.get(ids[at] as Digest) ?? place).filter((each) => each < place);
  const inputs = own.inputs.map((_, at) => [...new Set(placesOf(at))]);
  return { id, digest: own.op, inputs };
}
