import type { Registry } from './registry.ts';
import type { AnsweredRequest } from './server/serve-request.ts';

/** Counters for Prometheus (text exposition format 0.0.4). Labels come from small fixed sets only. */
export interface RegistryMetrics {
  answered(request: AnsweredRequest): void;
  text(registry: Registry): string;
}

const BUCKETS_SECONDS = [0.005, 0.025, 0.1, 0.5, 2.5, 10, 60];

interface Durations {
  readonly buckets: number[];
  sum: number;
  count: number;
}

export function createMetrics(): RegistryMetrics {
  const requests = new Map<string, number>();
  const durations = new Map<string, Durations>();
  return {
    answered({ route, method, status, milliseconds }) {
      const key = `route="${route}",method="${method}",status="${status}"`;
      requests.set(key, (requests.get(key) ?? 0) + 1);
      let of = durations.get(route);
      if (of === undefined) {
        of = { buckets: BUCKETS_SECONDS.map(() => 0), sum: 0, count: 0 };
        durations.set(route, of);
      }
      const seconds = milliseconds / 1000;
      of.sum += seconds;
      of.count += 1;
      for (const [index, bound] of BUCKETS_SECONDS.entries()) {
        if (seconds <= bound) of.buckets[index] = (of.buckets[index] ?? 0) + 1;
      }
    },
    text(registry) {
      const lines: string[] = [];
      const metric: Metric = (name, type, help, samples) => {
        lines.push(`# HELP gantry_registry_${name} ${help}`, `# TYPE gantry_registry_${name} ${type}`);
        for (const [suffix, value] of samples) lines.push(`gantry_registry_${name}${suffix} ${value}`);
      };
      const counts = [...requests].map(([labels, count]): Sample => [`{${labels}}`, count]);
      metric('requests_total', 'counter', 'Requests answered.', counts);
      metric('request_seconds', 'histogram', 'Time to answer a request.', histogram(durations));
      contentMetrics(metric, registry);
      if (registry.cache !== undefined) cacheMetrics(metric, registry.cache.counts);
      metric('resident_memory_bytes', 'gauge', 'Memory of the process.', [['', process.memoryUsage.rss()]]);
      return `${lines.join('\n')}\n`;
    },
  };
}

/** The end of the metric's name with its labels, and the value. */
type Sample = readonly [suffix: string, value: number];
type Metric = (name: string, type: string, help: string, samples: Iterable<Sample>) => void;

function contentMetrics(metric: Metric, { index, uploads }: Registry): void {
  const repositories = index.names().map((name) => index.get(name));
  const sum = (of: (repository: NonNullable<(typeof repositories)[0]>) => number): number =>
    repositories.reduce((total, repository) => total + (repository === undefined ? 0 : of(repository)), 0);
  const gauge = (name: string, help: string, value: number): void => metric(name, 'gauge', help, [['', value]]);
  gauge('repositories', 'Repositories with content.', repositories.length);
  gauge(
    'manifests',
    'Manifests of all repositories.',
    sum(({ manifests }) => manifests.size),
  );
  gauge(
    'tags',
    'Tags of all repositories.',
    sum(({ tags }) => tags.size),
  );
  gauge(
    'repository_bytes',
    'Bytes of all repositories, shared blobs counted in each.',
    sum(({ usedBytes }) => usedBytes),
  );
  gauge('stored_bytes', 'Bytes of all content, each blob counted once.', index.storedBytes());
  gauge('uploads', 'Uploads under way.', uploads.count);
}

function cacheMetrics(metric: Metric, counts: NonNullable<Registry['cache']>['counts']): void {
  const { hits, misses, stale, fetchedBytes } = counts;
  const help = 'Manifests and blobs from here, fetched, or of an upstream that is down.';
  metric('cache_requests_total', 'counter', help, [
    ['{result="hit"}', hits],
    ['{result="miss"}', misses],
    ['{result="stale"}', stale],
  ]);
  metric('cache_fetched_bytes_total', 'counter', 'Bytes of blobs fetched upstream.', [['', fetchedBytes]]);
}

function* histogram(durations: ReadonlyMap<string, Durations>): Iterable<readonly [string, number]> {
  for (const [route, { buckets, sum, count }] of durations) {
    for (const [index, bound] of BUCKETS_SECONDS.entries()) {
      yield [`_bucket{route="${route}",le="${bound}"}`, buckets[index] ?? 0];
    }
    yield [`_bucket{route="${route}",le="+Inf"}`, count];
    yield [`_sum{route="${route}"}`, sum];
    yield [`_count{route="${route}"}`, count];
  }
}
