import { parseBoundedJson } from '../../../base/bounded-json.ts';
import { invalid } from '../../../base/errors.ts';
import type { Digest } from '../../../base/ids.ts';
import { type HistoryEntry, type Platform, parseImageConfig } from '../../../spec/index.ts';

/** A layer of the image, as its history shows it. */
export interface HistoryLayer {
  readonly diffId: Digest;
  readonly description: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

/**
 * Returns the bytes of an image's configuration: the frontend's, with the layers that the image has. The history gets an
 * entry for each layer, and times where it has none, as BuildKit gives them. Equal arguments give equal bytes.
 * @throws EngineError invalid
 */
export function completeConfig(
  config: Uint8Array | undefined,
  layers: readonly HistoryLayer[],
  {
    platform,
    epochSeconds,
    cache,
  }: {
    readonly platform: Platform;
    readonly epochSeconds: number | undefined;
    /** What the configuration says about the image's cache. */
    readonly cache?: string | undefined;
  },
): Buffer {
  const given = configOf(config, platform);
  const known = parseImageConfig({ ...given, rootfs: { type: 'layers', diff_ids: [] } });
  const history = withTimes(matched(known.history ?? [], layers), layers).map((entry) => clamped(entry, epochSeconds));
  const created = history.at(-1)?.created;
  const complete: Readonly<Record<string, unknown>> = {
    ...given,
    ...(created === undefined ? {} : { created }),
    history,
    ...(cache === undefined ? {} : { 'moby.buildkit.cache.v0': cache }),
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
  };
  const sorted = Object.keys(complete)
    .toSorted()
    .map((key) => [key, complete[key]] as const);
  return Buffer.from(JSON.stringify(Object.fromEntries(sorted)));
}

function configOf(config: Uint8Array | undefined, platform: Platform): Readonly<Record<string, unknown>> {
  if (config === undefined) return { ...platform, config: {} };
  let parsed: unknown;
  try {
    parsed = parseBoundedJson(config);
  } catch (error) {
    throw invalid('failed to parse image config', error);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw invalid('image config is no object');
  return parsed as Readonly<Record<string, unknown>>;
}

/** The history with one entry for each layer that is not marked as empty. */
function matched(history: readonly HistoryEntry[], layers: readonly HistoryLayer[]): readonly HistoryEntry[] {
  let used = 0;
  const marked = history.map((entry) => {
    if (entry.empty_layer === true) return entry;
    used += 1;
    return used > layers.length ? { ...entry, empty_layer: true } : entry;
  });
  const missing = layers.slice(used).map(
    ({ createdAt, description }): HistoryEntry => ({
      created: timeOf(createdAt),
      created_by: description,
      comment: 'buildkit.exporter.image.v0',
    }),
  );
  return [...marked, ...missing];
}

/** Entries without a time get that of their layer; those without a layer that of the layer before, or else the first. */
function withTimes(history: readonly HistoryEntry[], layers: readonly HistoryLayer[]): readonly HistoryEntry[] {
  let layer = 0;
  const own = history.map((entry): HistoryEntry => {
    if (entry.empty_layer === true) return entry;
    const at = layers[layer++]?.createdAt;
    return entry.created === undefined && at !== undefined ? { created: timeOf(at), ...entry } : entry;
  });
  let last = firstNewTime(own);
  let isAfterGap = false;
  return own.map((entry) => {
    if (entry.created === undefined) {
      isAfterGap = true;
      return last === undefined ? entry : { created: last, ...entry };
    }
    if (isAfterGap) last = entry.created;
    return entry;
  });
}

/** The first time after an entry that has none; without such an entry, the last time. */
function firstNewTime(history: readonly HistoryEntry[]): string | undefined {
  let found: string | undefined;
  let isAfterGap = false;
  for (const { created } of history) {
    if (created === undefined) isAfterGap = true;
    else {
      found = created;
      if (isAfterGap) return found;
    }
  }
  return found;
}

function clamped(entry: HistoryEntry, epochSeconds: number | undefined): HistoryEntry {
  if (epochSeconds === undefined || entry.created === undefined) return entry;
  const epoch = epochSeconds * 1000;
  return Date.parse(entry.created) > epoch ? { ...entry, created: timeOf(epoch) } : entry;
}

/** RFC 3339, without a fraction of zeros. */
function timeOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace('.000Z', 'Z');
}
