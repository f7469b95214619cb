import { createHash } from 'node:crypto';
import type { Digest } from '../../base/ids.ts';
import type { CacheLease, ResultCache } from './result-cache.ts';
import type { CacheKey, Edge, StepContext, Vertex } from './vertex.ts';

/** Graphs of steps whose results are texts. */

export const digestOf = (text: string): Digest => `sha256:${createHash('sha256').update(text).digest('hex')}` as Digest;

export interface TextStep {
  readonly name: string;
  /** What the step is for the cache. Default: its name. */
  readonly key?: string;
  readonly inputs?: readonly (Vertex<string> | Edge<string>)[];
  /** For each input, what the step reads of it. */
  readonly reads?: readonly (((input: string) => string) | undefined)[];
  readonly isLazy?: boolean;
  readonly ignoresCache?: boolean;
  readonly run?: (inputs: readonly string[], context: StepContext) => Promise<string> | string;
  readonly outputs?: number;
}

/** A vertex, and how often it ran. */
export interface TextVertex extends Vertex<string> {
  readonly runs: { count: number };
}

export function textStep(step: TextStep): TextVertex {
  const { name, key = name, reads, isLazy = false, ignoresCache = false } = step;
  const inputs = (step.inputs ?? []).map((input) => ('vertex' in input ? input : { vertex: input, output: 0 }));
  const runs = { count: 0 };
  const cacheKey: CacheKey<string> = {
    digest: digestOf(key),
    isLazy,
    ...(reads && { sums: reads.map((read) => read && (async (input: string) => digestOf(read(input)))) }),
  };
  return {
    digest: digestOf(`${name} ${key} ${inputs.map(({ vertex, output }) => `${vertex.digest} ${output}`).join(' ')}`),
    name,
    inputs,
    ignoresCache,
    runs,
    op: {
      cacheKey: async () => cacheKey,
      async run(given, context) {
        runs.count += 1;
        const made = await (step.run?.(given, context) ?? `${name}(${given.join()})`);
        return Array.from({ length: step.outputs ?? 1 }, (_, at) => (at === 0 ? made : `${made}#${at}`));
      },
    },
  };
}

/** A cache in memory. `drop` loses a result and keeps its record. */
export function memoryCache(): ResultCache<string> & {
  readonly results: Map<Digest, string>;
  readonly keys: Map<Digest, Digest>;
  readonly leases: Set<object>;
} {
  const keys = new Map<Digest, Digest>();
  const results = new Map<Digest, string>();
  const leases = new Set<object>();
  return {
    keys,
    results,
    leases,
    open(): CacheLease<string> {
      const lease = {};
      leases.add(lease);
      return {
        find: (key) => keys.get(key),
        addKey: (id, key) => void keys.set(key.key, id),
        load: async (id) => results.get(id),
        async save({ id, keys: ownKeys, result }) {
          results.set(id, result);
          for (const { key } of ownKeys) keys.set(key, id);
        },
        [Symbol.dispose]: () => void leases.delete(lease),
      };
    },
  };
}
