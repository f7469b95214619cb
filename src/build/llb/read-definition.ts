import { invalid, messageOf } from '../../base/errors.ts';
import type { Digest } from '../../base/ids.ts';
import { decode } from '../../grpc/index.ts';
import { type Definition, type Op, op as opMessage, type Source } from '../../grpc/messages/pb.ts';
import { checkOp } from './check-op.ts';
import { digestOf, NO_METADATA } from './create-node.ts';
import type { LlbEdge, LlbLocation, LlbNode, LlbSource } from './graph.ts';
import { DEPTH_MAX, INPUTS_MAX, OPS_MAX, RANGES_MAX } from './limits.ts';

/** An op of a definition whose node is not made yet. */
interface Entry {
  readonly bytes: Uint8Array;
  readonly op: Op;
  readonly outputs: number;
}

/**
 * Reads a definition of a client. Undefined is the empty tree. Ops that the result does not need are left out.
 * @throws EngineError invalid for a definition that is none; notImplemented for ops that the builder does not have
 */
export function readDefinition(definition: Definition, { depthMax = DEPTH_MAX } = {}): LlbEdge | undefined {
  const { def } = definition;
  const last = def.at(-1);
  if (last === undefined) return undefined;
  if (def.length > OPS_MAX) throw invalid(`a definition has more than ${OPS_MAX} ops`);
  const end = decodeOp(last);
  const [result] = end.inputs;
  if (result === undefined || end.inputs.length !== 1) throw invalid('the last op of a definition has no single input');
  const entries = readEntries(def.slice(0, -1));
  const locations = readLocations(definition.Source);
  const nodes = new GraphReader(entries, depthMax, ({ bytes, op }, digest, inputs) => ({
    digest,
    bytes,
    op,
    inputs,
    metadata: definition.metadata.get(digest) ?? NO_METADATA,
    location: locations.get(digest),
  }));
  return nodes.edge(result.digest, result.index);
}

function readEntries(def: readonly Uint8Array[]): ReadonlyMap<string, Entry> {
  const entries = new Map<string, Entry>();
  let inputs = 0;
  for (const bytes of def) {
    const op = decodeOp(bytes);
    inputs += op.inputs.length;
    if (inputs > INPUTS_MAX) throw invalid(`the ops of a definition have more than ${INPUTS_MAX} inputs`);
    entries.set(digestOf(bytes), { bytes, op, outputs: checkOp(op) });
  }
  return entries;
}

function decodeOp(bytes: Uint8Array): Op {
  try {
    return decode(opMessage, bytes);
  } catch (error) {
    throw invalid(`an op of a definition cannot be read: ${messageOf(error)}`, error);
  }
}

type MakeNode = (entry: Entry, digest: Digest, inputs: readonly LlbEdge[]) => LlbNode;

/** Makes nodes, each after its inputs. */
class GraphReader {
  readonly #entries: ReadonlyMap<string, Entry>;
  readonly #depthMax: number;
  readonly #make: MakeNode;
  readonly #made = new Map<string, { readonly node: LlbNode; readonly depth: number }>();

  constructor(entries: ReadonlyMap<string, Entry>, depthMax: number, make: MakeNode) {
    this.#entries = entries;
    this.#depthMax = depthMax;
    this.#make = make;
  }

  edge(digest: string, output: number): LlbEdge {
    const outputs = this.#entry(digest).outputs;
    if (output < 0 || output >= outputs) throw invalid(`op ${digest} has no output ${output}`);
    this.#makeAll(digest);
    const made = this.#made.get(digest);
    if (made === undefined) throw invalid(`unknown op ${digest}`);
    return { node: made.node, output };
  }

  #makeAll(digest: string): void {
    const waiting = [digest];
    const open = new Set<string>();
    for (let current = waiting.at(-1); current !== undefined; current = waiting.at(-1)) {
      const missing = this.#made.has(current) ? [] : this.#missing(current);
      if (missing.length === 0) {
        this.#makeOne(current);
        waiting.pop();
        open.delete(current);
        continue;
      }
      // Digests exclude a loop, but for a broken hash.
      if (open.has(current)) throw invalid('a definition has a loop');
      open.add(current);
      waiting.push(...missing.reverse());
    }
  }

  #missing(digest: string): string[] {
    const { op } = this.#entry(digest);
    return op.inputs.flatMap((input) => (input === undefined || this.#made.has(input.digest) ? [] : [input.digest]));
  }

  #makeOne(digest: string): void {
    if (this.#made.has(digest)) return;
    const entry = this.#entry(digest);
    let depth = 0;
    const inputs = entry.op.inputs.map((input) => {
      const made = this.#made.get(input?.digest ?? '');
      if (input === undefined || made === undefined) throw invalid(`op ${digest} has an unknown input`);
      if (input.index < 0 || input.index >= this.#entry(input.digest).outputs) {
        throw invalid(`op ${input.digest} has no output ${input.index}`);
      }
      depth = Math.max(depth, made.depth + 1);
      return { node: made.node, output: input.index };
    });
    if (depth > this.#depthMax) throw invalid(`more than ${this.#depthMax} ops of a definition follow each other`);
    this.#made.set(digest, { node: this.#make(entry, digest as Digest, inputs), depth });
  }

  #entry(digest: string): Entry {
    const entry = this.#entries.get(digest);
    if (entry === undefined) throw invalid(`a definition has no op ${digest.slice(0, 80)}`);
    return entry;
  }
}

/** The first place of each op that has one. Places in unknown files are left out. */
function readLocations(source: Source | undefined): ReadonlyMap<string, LlbLocation> {
  const found = new Map<string, LlbLocation>();
  if (source === undefined) return found;
  const files = source.infos.map(
    (info): LlbSource => ({
      filename: info?.filename ?? '',
      language: info?.language ?? '',
      data: info?.data ?? new Uint8Array(),
    }),
  );
  let count = 0;
  for (const [digest, list] of source.locations) {
    for (const location of list?.locations ?? []) {
      const file = files[location?.sourceIndex ?? -1];
      if (location === undefined || file === undefined || found.has(digest)) continue;
      count += location.ranges.length;
      if (count > RANGES_MAX) throw invalid('a definition has too many places');
      found.set(digest, { source: file, ranges: location.ranges.map(rangeOf) });
    }
  }
  return found;
}

const START = { line: 0, character: 0 };

function rangeOf(range: { start?: typeof START | undefined; end?: typeof START | undefined } | undefined) {
  return { start: range?.start ?? START, end: range?.end ?? START };
}
