import { EngineError, invalid } from '../base/errors.ts';
import { parseMoment } from '../base/moment.ts';
import type { PruneBuildCache } from './builder.ts';
import type { PruneOptions } from './cache/index.ts';

/** The API's names that are BuildKit's too. */
const FIELDS: ReadonlySet<string> = new Set(['id', 'parent', 'type', 'description', 'inuse', 'shared', 'private']);
const AGES = ['until', 'unused-for'];
/** Of `system prune`, which sends its filters everywhere. Records have no labels: as dockerd, they do not matter. */
const LABELS = ['label', 'label!'];

/** What to prune, from a request to the API. @throws EngineError invalid, conflict for filters */
export function pruneOptions(request: PruneBuildCache, nowMs: number): PruneOptions {
  const { all, filters, reservedSpace, maxUsedSpace, minFreeSpace } = request;
  const conditions: string[] = [];
  for (const [name, values] of Object.entries(filters)) {
    if (AGES.includes(name) || LABELS.includes(name)) continue;
    if (!FIELDS.has(name)) throw invalid(`invalid filter '${name}'`);
    conditions.push(condition(name, values));
  }
  return {
    all,
    filters: conditions.length === 0 ? [] : [conditions.join(',')],
    keepDurationMs: keepDuration(filters, nowMs),
    reservedBytes: reservedSpace,
    maxUsedBytes: maxUsedSpace,
    minFreeBytes: minFreeSpace,
  };
}

function condition(name: string, values: readonly string[]): string {
  const [value] = values;
  if (value === undefined) return name;
  if (values.length > 1) throw invalid('filters expect only one value');
  return name === 'id' ? `${name}~=${value}` : `${name}==${value}`;
}

function keepDuration(filters: PruneBuildCache['filters'], nowMs: number): number {
  const given = AGES.flatMap((name) => filters[name] ?? []);
  const [value] = given;
  if (value === undefined) return 0;
  if (given.length > 1) throw new EngineError('conflict', 'conflicting filters: "until" and "unused-for"');
  const moment = parseMoment(value, BigInt(nowMs) * 1_000_000n);
  return Math.max(0, nowMs - Number(moment / 1_000_000n));
}
