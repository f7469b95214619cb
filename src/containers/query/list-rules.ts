import { invalid } from '../../base/errors.ts';
import { isLaterStamp, parseNanos } from '../../base/time.ts';
import {
  anyValue,
  booleanOf,
  compileFilters,
  type FilterRules,
  type Filters,
  labelRule,
  notLabelRule,
  type Predicate,
  type TextTest,
  textPatterns,
  untilFilter,
} from '../../spec/index.ts';
import type { ImageStore } from '../../store/index.ts';
import type { ContainerRecord } from '../model/record.ts';
import { statusOf } from '../model/state.ts';
import type { ContainerTable } from '../tables/container-table.ts';
import type { ListMatcher, ListRules } from '../tables/list-matcher.ts';
import { portsOf } from './list-ports.ts';
import { endpointsOf } from './network-settings.ts';
import { isInRange, type PortRange, parsePortRange } from './port-filter.ts';
import { statusText } from './status-text.ts';

interface ListContext {
  readonly images: Pick<ImageStore, 'resolve'>;
  readonly table: ContainerTable;
}

interface RuleContext extends ListContext {
  readonly hasName: TextTest;
  readonly hasPort: Predicate<ContainerRecord>;
}

const HEALTH: readonly string[] = ['none', 'starting', 'healthy', 'unhealthy'];
const STATES: readonly string[] = ['created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead'];

export function createListRules(images: Pick<ImageStore, 'resolve'>): ListRules {
  return {
    statusText,
    matcher: (filters, table) => listMatcher(filters, { images, table }),
    imageNamer: () => {
      const known = new Map<string, string>();
      return ({ config: { Image: name = '' }, imageId }) => {
        if (!known.has(name)) known.set(name, idOf(images, name));
        return known.get(name) === imageId ? name : imageId;
      };
    },
    pruneMatcher: (filters) =>
      compileFilters(filters, PRUNE, { limit: untilFilter(filters, BigInt(Date.now()) * 1_000_000n) }),
  };
}

async function listMatcher(filters: Filters, context: ListContext): Promise<ListMatcher> {
  const hasName = await textPatterns(filters['name']);
  const hasPort = portTest(filters['publish'] ?? [], filters['expose'] ?? []);
  return {
    showsAll: (filters['status'] ?? []).length > 0,
    matches: compileFilters(filters, LIST, { ...context, hasName, hasPort }),
  };
}

const labels = (record: ContainerRecord): ContainerRecord['config']['Labels'] => record.config.Labels;

const PRUNE: FilterRules<ContainerRecord, { readonly limit: bigint | undefined }> = {
  label: labelRule(labels),
  'label!': notLabelRule(labels),
  until:
    (_values, { limit }) =>
    (record) =>
      limit === undefined || (parseNanos(record.createdAt) ?? 0n) <= limit,
};

const LIST: FilterRules<ContainerRecord, RuleContext> = {
  id: anyValue((record, value) => record.id.startsWith(value)),
  name:
    (_values, { hasName }) =>
    ({ name }) =>
      hasName(name) || hasName(`/${name}`),
  label: labelRule(labels),
  status: oneOf('status', 'state', STATES, statusOf),
  health: oneOf('health', 'health', HEALTH, ({ health }) => health?.Status ?? 'none'),
  exited: (values) => {
    const codes = values.map(exitCode);
    return ({ state }) =>
      codes.length === 0 || (!state.finishedAt.startsWith('0001') && !state.running && codes.includes(state.exitCode));
  },
  ancestor: (values, { images }) => {
    const ids = new Set(values.map((value) => idOf(images, value)));
    return (record) => ids.size === 0 || ids.has(record.imageId) || values.includes(record.config.Image ?? '');
  },
  before: (values, { table }) => {
    const stamps = values.map((value) => table.resolve(value).record.createdAt);
    return (record) => stamps.every((stamp) => isLaterStamp(stamp, record.createdAt));
  },
  since: (values, { table }) => {
    const stamps = values.map((value) => table.resolve(value).record.createdAt);
    return (record) => stamps.every((stamp) => isLaterStamp(record.createdAt, stamp));
  },
  volume: anyValue((record, value) =>
    record.mounts.some((mount) => value === (mount.Name ?? mount.Source) || value === mount.Destination),
  ),
  network: anyValue((record, value) =>
    Object.entries(endpointsOf(record)).some(
      ([name, { NetworkID: id = '' }]) => value === name || (id !== '' && id.startsWith(value)),
    ),
  ),
  publish: (_values, { hasPort }) => hasPort,
  expose: (_values, { hasPort }) => hasPort,
  'is-task': (values) => {
    // No container is a task of a cluster yet.
    const wanted = booleanOf('is-task', values);
    return () => !wanted;
  },
  isolation: () => () => true,
};

/** Matches a published or an exposed port. As in dockerd, a container matches when either filter matches. */
function portTest(publish: readonly string[], expose: readonly string[]): Predicate<ContainerRecord> {
  if (publish.length + expose.length === 0) return () => true;
  const [published, exposed] = [
    publish.map((value) => parsePortRange('publish', value)),
    expose.map((value) => parsePortRange('expose', value)),
  ];
  const isOneOf = (ranges: readonly PortRange[], port: number | undefined, protocol: string): boolean =>
    ranges.some((range) => isInRange(port, protocol, range));
  return (record) =>
    portsOf(record).some(
      ({ PublicPort, PrivatePort, Type }) =>
        isOneOf(published, PublicPort, Type) || isOneOf(exposed, PrivatePort, Type),
    );
}

/** A rule whose value is one of a few words. */
function oneOf(
  filter: string,
  what: string,
  words: readonly string[],
  of: (record: ContainerRecord) => string,
): FilterRules<ContainerRecord>[string] {
  return (values) => {
    for (const value of values) {
      if (words.includes(value)) continue;
      throw invalid(
        `invalid filter '${filter}=${value}': invalid value for ${what} (${value}): must be one of ${words.join(', ')}`,
      );
    }
    return (record) => values.length === 0 || values.includes(of(record));
  };
}

/** @throws EngineError invalid */
function exitCode(value: string): number {
  const why = /^[+-]?\d+$/.test(value) ? 'value out of range' : 'invalid syntax';
  const code = Number(value);
  if (why === 'value out of range' && Number.isSafeInteger(code)) return code;
  throw invalid(`invalid filter 'exited=${value}': strconv.Atoi: parsing ${JSON.stringify(value)}: ${why}`);
}

function idOf(images: Pick<ImageStore, 'resolve'>, ref: string): string {
  try {
    return images.resolve(ref).id;
  } catch {
    return '';
  }
}
