import { invalid } from '../../../base/errors.ts';
import type { Digest } from '../../../base/ids.ts';
import { keyOf, type RecordKey } from '../../solver/index.ts';
import type { CacheGraph, GraphRecord, GraphResult } from './cache-graph.ts';
import { inTurns } from './in-turns.ts';

/** Keys of one record, where its inputs have several ids each. Fewer where a cache has many records. */
const KEYS_OF_RECORD_MAX = 64;
/** A record with more inputs has no key. */
const INPUTS_MAX = 200;
const KEYS_MAX = 200_000;

/** A graph by the keys of this machine. */
export interface RecordIndex {
  /** Ids of records, by the keys that lead to them. */
  readonly ids: ReadonlyMap<Digest, Digest>;
  readonly keys: ReadonlyMap<Digest, readonly RecordKey[]>;
  readonly results: ReadonlyMap<Digest, GraphResult>;
}

/**
 * Computes the keys of records, inputs first. A record's id is its best key. Where this machine knows a record already
 * (`localId`), later records get keys with that id too. @throws EngineError invalid for records that need themselves, or too
 * many keys
 */
export async function indexRecords(
  { records }: CacheGraph,
  localId: (key: Digest) => Digest | undefined = () => undefined,
): Promise<RecordIndex> {
  const ids = new Map<Digest, Digest>();
  const keys = new Map<Digest, readonly RecordKey[]>();
  const results = new Map<Digest, GraphResult>();
  /** The ids by which later records may name each record. */
  const names = new Map<number, readonly Digest[]>();
  let [keysLeft, recordsLeft] = [KEYS_MAX, records.length];
  await inTurns(inputsFirst(records), (at) => {
    const { digest, inputs, result } = records[at] as GraphRecord;
    const own = keysOf(
      digest,
      inputs.map((links) => links.flatMap((link) => names.get(link) ?? [])),
      Math.min(KEYS_OF_RECORD_MAX, Math.max(1, Math.floor(keysLeft / recordsLeft))),
    );
    keysLeft -= own.length;
    recordsLeft -= 1;
    if (keysLeft < 0) throw invalid(`a cache of more than ${KEYS_MAX} keys`);
    const found = inputs.length === 0 ? [digest] : own.map(({ key }) => key);
    const [id] = found;
    // What needs something unknown has no key.
    if (id === undefined) return;
    for (const key of found) if (!ids.has(key)) ids.set(key, id);
    if (own.length > 0) keys.set(id, own);
    if (result !== undefined && !results.has(id)) results.set(id, result);
    names.set(at, [...new Set([id, ...found.flatMap((key) => localId(key) ?? [])])]);
  });
  return { ids, keys, results };
}

/** One key for each choice of the inputs' ids, at most `most`, the best first. A record without inputs has none: its digest is its key. */
function keysOf(op: Digest, inputs: readonly (readonly Digest[])[], most: number): readonly RecordKey[] {
  if (inputs.length === 0 || inputs.length > INPUTS_MAX) return [];
  let choices: readonly (readonly Digest[])[] = [[]];
  for (const ids of inputs) {
    const unique = [...new Set(ids)].slice(0, Math.floor(most / Math.max(1, choices.length)));
    choices = choices.flatMap((choice) => unique.map((id) => [...choice, id]));
  }
  return choices.map((chosen) => ({ key: keyOf(op, chosen), op, inputs: chosen }));
}

/** The places of all records, each after those that it needs. Without recursion. @throws EngineError invalid */
function inputsFirst(records: readonly GraphRecord[]): readonly number[] {
  const order: number[] = [];
  const states = new Array<'new' | 'open' | 'done'>(records.length).fill('new');
  for (const start of records.keys()) {
    const open = [start];
    for (let at = open.at(-1); at !== undefined; at = open.at(-1)) {
      if (states[at] === 'new') {
        states[at] = 'open';
        for (const link of new Set(records[at]?.inputs.flat())) {
          if (states[link] === 'open') throw invalid('invalid looping record');
          if (states[link] === 'new') open.push(link);
        }
      } else {
        if (states[at] === 'open') order.push(at);
        states[at] = 'done';
        open.pop();
      }
    }
  }
  return order;
}
