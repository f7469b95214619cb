import { invalid } from '../../base/errors.ts';
import { shortId } from '../../base/ids.ts';
import { untilFilter } from '../../base/moment.ts';
import { parseNanos } from '../../base/time.ts';
import type { ImageStore } from '../../store/index.ts';
import type { ContainerRecord } from '../model/record.ts';
import type { Filters } from '../model/requests.ts';
import { statusOf } from '../model/state.ts';
import type { ContainerTable } from '../tables/container-table.ts';
import type { ListMatcher, ListRules } from './list-matcher.ts';
import { endpointsOf } from './network-settings.ts';
import { statusText } from './status-text.ts';

type Matcher = (record: ContainerRecord) => boolean;
type Compile = (
  values: readonly string[],
  context: { images: Pick<ImageStore, 'resolve'>; table: ContainerTable },
) => Matcher;

const HEALTH: ReadonlySet<string> = new Set(['starting', 'healthy', 'unhealthy', 'none']);
const STATES = new Set(['created', 'restarting', 'running', 'removing', 'paused', 'exited', 'dead']);

export function createListRules(images: Pick<ImageStore, 'resolve'>): ListRules {
  return {
    statusText,
    matcher: (filters, table) => listMatcher(filters, { images, table }),
    imageNamer: () => {
      const known = new Map<string, string>();
      return ({ config: { Image: name = '' }, imageId }) => {
        if (!known.has(name)) known.set(name, idOf(images, name));
        return known.get(name) === imageId || imageId.replace('sha256:', '').startsWith(name)
          ? name
          : shortId(imageId.replace('sha256:', ''));
      };
    },
    pruneMatcher: (filters) => {
      const matchers = Object.entries(filters).map(([name, values]) => {
        if (name === 'label') return label(values, undefined);
        if (name === 'label!') return not(label(values, undefined));
        if (name === 'until') return until(filters);
        throw invalid(`invalid filter '${name}'`);
      });
      return (record) => matchers.every((matches) => matches(record));
    },
  };
}

function listMatcher(filters: Filters, context: Parameters<Compile>[1]): ListMatcher {
  const matchers = Object.entries(filters)
    .filter(([, values]) => values.length > 0)
    .map(([name, values]) => {
      const compile = FILTERS[name];
      if (compile === undefined) throw invalid(`invalid filter '${name}'`);
      return compile(values, context);
    });
  return {
    showsAll: ['status', 'exited', 'before', 'since'].some((name) => (filters[name] ?? []).length > 0),
    matches: (record) => matchers.every((matches) => matches(record)),
  };
}

const FILTERS: Readonly<Record<string, Compile>> = {
  id: (values) => (record) => values.some((value) => record.id.startsWith(value)),
  name: (values) => {
    const patterns = values.map(namePattern);
    return (record) => patterns.some((pattern) => pattern.test(record.name) || pattern.test(`/${record.name}`));
  },
  label,
  status: (values) => {
    for (const value of values) if (!STATES.has(value)) throw invalid(`invalid filter 'status=${value}'`);
    return (record) => values.includes(statusOf(record));
  },
  exited: (values) => {
    const codes = values.map((value) => {
      if (!/^-?\d+$/.test(value)) throw invalid(`invalid filter 'exited=${value}'`);
      return Number(value);
    });
    return (record) =>
      record.state.finishedAt.startsWith('0001') === false &&
      !record.state.running &&
      codes.includes(record.state.exitCode);
  },
  ancestor: (values, { images }) => {
    const ids = new Set(values.map((value) => idOf(images, value)));
    return (record) => ids.has(record.imageId) || values.includes(record.config.Image ?? '');
  },
  before: (values, { table }) => {
    const times = values.map((value) => table.resolve(value).record.createdAt);
    return (record) => times.every((time) => record.createdAt < time);
  },
  since: (values, { table }) => {
    const times = values.map((value) => table.resolve(value).record.createdAt);
    return (record) => times.every((time) => record.createdAt > time);
  },
  volume: (values) => (record) =>
    record.mounts.some((mount) => values.includes(mount.Name ?? mount.Source) || values.includes(mount.Destination)),
  network: (values) => (record) =>
    Object.entries(endpointsOf(record)).some(
      ([name, { NetworkID: id = '' }]) =>
        values.includes(name) || (id !== '' && values.some((value) => id.startsWith(value))),
    ),
  publish: (values) => ports(values, (record) => Object.keys(record.hostConfig.PortBindings ?? {})),
  expose: (values) => ports(values, (record) => Object.keys(record.config.ExposedPorts ?? {})),
  health: (values) => {
    for (const value of values) {
      if (!HEALTH.has(value)) throw invalid(`unrecognized filter value for health: ${value}`);
    }
    return ({ health }) => values.includes(health?.Status ?? 'none');
  },
  'is-task': (values) => {
    for (const value of values) {
      if (!['0', 'false', '1', 'true'].includes(value)) throw invalid(`invalid filter 'is-task=[${value}]'`);
    }
    return () => values.includes('false') || values.includes('0');
  },
  isolation: () => () => true,
};

/** A regular expression, as dockerd takes it; text that is none is looked for as it is. */
function namePattern(value: string): RegExp {
  try {
    return new RegExp(value);
  } catch {
    return new RegExp(value.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  }
}

/** All of them: `key` or `key=value`. */
function label(values: readonly string[], _context: unknown): Matcher {
  const wanted = values.map((value) => {
    const at = value.indexOf('=');
    return at < 0 ? { key: value, value: undefined } : { key: value.slice(0, at), value: value.slice(at + 1) };
  });
  return ({ config: { Labels: labels } }) =>
    wanted.every(({ key, value }) => {
      const own = labels?.[key];
      return own !== undefined && (value === undefined || own === value);
    });
}

/** `80`, `80/udp`, `80-90/tcp`. */
function ports(values: readonly string[], of: (record: ContainerRecord) => readonly string[]): Matcher {
  const wanted = new Set<string>();
  for (const value of values) {
    const match = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp|sctp))?$/.exec(value);
    if (match === null) throw invalid(`invalid filter: invalid port: ${value}`);
    const first = Number(match[1]);
    const last = Number(match[2] ?? match[1]);
    for (let port = first; port <= Math.min(last, 65_535); port += 1) wanted.add(`${port}/${match[3] ?? 'tcp'}`);
  }
  return (record) => of(record).some((port) => wanted.has(port));
}

/** Created before the moment of `until`. */
function until(filters: Filters): Matcher {
  const limit = untilFilter(filters, BigInt(Date.now()) * 1_000_000n);
  return (record) => limit === undefined || (parseNanos(record.createdAt) ?? 0n) < limit;
}

function not(matches: Matcher): Matcher {
  return (record) => !matches(record);
}

function idOf(images: Pick<ImageStore, 'resolve'>, ref: string): string {
  try {
    return images.resolve(ref).id;
  } catch {
    return '';
  }
}
