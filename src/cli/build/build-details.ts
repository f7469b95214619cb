import type { Builder, BuildStatus, HistoryRecord, Vertex } from '../../client/index.ts';
import { isoTime, millisOf } from './cache-records.ts';
import { nameOf } from './find-record.ts';

/** Lines of a failed step that are shown. */
const LOG_LINES = 16;

interface Pair {
  readonly Name: string;
  readonly Value: string;
}

/** What there is to say about a build, by the names of buildx. Absent is what does not apply. */
export interface BuildDetails {
  readonly Name: string;
  readonly Ref: string;
  readonly Context?: string;
  readonly Dockerfile?: string;
  readonly Target?: string;
  readonly Platform?: readonly string[];
  readonly NamedContexts?: readonly Pair[];
  readonly StartedAt: string;
  readonly CompletedAt?: string;
  /** Nanoseconds. */
  readonly Duration: number;
  readonly Status: 'running' | 'completed' | 'failed' | 'canceled';
  readonly Error?: FailedBuild;
  readonly NumCompletedSteps: number;
  readonly NumTotalSteps: number;
  readonly NumCachedSteps: number;
  readonly BuildArgs?: readonly Pair[];
  readonly Labels?: readonly Pair[];
  readonly Config: Readonly<Record<string, string | boolean | readonly string[]>>;
  readonly Materials?: readonly { readonly URI: string; readonly Digests: readonly string[] }[];
  readonly Attachments?: readonly { readonly Digest: string; readonly Platform?: string; readonly Type: string }[];
}

interface FailedBuild {
  /** Of gRPC. */
  readonly Code: number;
  readonly Message: string;
  /** The step. */
  readonly Name?: string;
  readonly Logs?: readonly string[];
}

const CANCELLED = 1;

/** Reads all that a record of the history names. @throws GrpcError */
export async function buildDetails(
  builder: Pick<Builder, 'status' | 'document'>,
  record: HistoryRecord,
  signal: AbortSignal,
): Promise<BuildDetails> {
  const { FrontendAttrs: attrs, error, CompletedAt: completed } = record;
  const list = (key: string): readonly string[] => (attrs.get(key) ?? '').split(',').filter((part) => part !== '');
  const pairs = (prefix: string): readonly Pair[] =>
    [...attrs]
      .flatMap(([key, Value]) => (key.startsWith(prefix) ? [{ Name: key.slice(prefix.length), Value }] : []))
      .sort((a, b) => (a.Name < b.Name ? -1 : 1));
  const failed = error === undefined ? 'completed' : error.code === CANCELLED ? 'canceled' : 'failed';
  return withoutEmpty({
    Name: nameOf(record),
    Ref: record.Ref,
    Context: attrs.get('vcs:localdir:context') ?? attrs.get('context') ?? '',
    Dockerfile: attrs.get('filename') ?? 'Dockerfile',
    Target: attrs.get('target') ?? '',
    Platform: list('platform'),
    NamedContexts: pairs('context:'),
    StartedAt: isoTime(record.CreatedAt),
    CompletedAt: isoTime(completed),
    Duration: Math.round(((millisOf(completed) || Date.now()) - millisOf(record.CreatedAt)) * 1e6),
    Status: completed === undefined ? 'running' : failed,
    ...(error === undefined ? {} : { Error: await failedBuild(builder, record, signal) }),
    NumCompletedSteps: record.numCompletedSteps,
    NumTotalSteps: record.numTotalSteps,
    NumCachedSteps: record.numCachedSteps,
    BuildArgs: pairs('build-arg:'),
    Labels: pairs('label:'),
    Config: withoutEmpty({
      Network: attrs.get('force-network-mode') ?? '',
      ExtraHosts: list('add-hosts'),
      Hostname: attrs.get('hostname') ?? '',
      CgroupParent: attrs.get('cgroup-parent') ?? '',
      ImageResolveMode: attrs.get('image-resolve-mode') ?? '',
      ...(attrs.get('no-cache') === '' ? { NoCache: true } : { NoCacheFilter: list('no-cache') }),
      ShmSize: attrs.get('shm-size') ?? '',
      Ulimit: attrs.get('ulimit') ?? '',
    }),
    Materials: await materials(builder, record, signal),
    Attachments: attachments(record),
  });
}

/** Leaves out empty texts and lists. */
function withoutEmpty<T extends object>(fields: T): T {
  const isEmpty = (value: unknown): boolean => value === '' || (Array.isArray(value) && value.length === 0);
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => !isEmpty(value))) as T;
}

async function failedBuild(
  builder: Pick<Builder, 'status'>,
  { Ref, error }: HistoryRecord,
  signal: AbortSignal,
): Promise<FailedBuild> {
  let step: Vertex | undefined;
  const lines = new Map<string, string>();
  for await (const { vertexes, logs } of builder.status(Ref, signal) as AsyncIterable<BuildStatus>) {
    step = vertexes.find((vertex) => vertex !== undefined && vertex.error !== '') ?? step;
    for (const log of logs) {
      if (log !== undefined) lines.set(log.vertex, `${lines.get(log.vertex) ?? ''}${log.msg.toString()}`);
    }
  }
  const text = (lines.get(step?.digest ?? '') ?? '').trimEnd();
  const Logs = text === '' ? [] : text.split('\n').slice(-LOG_LINES);
  return withoutEmpty({ Code: error?.code ?? 0, Message: error?.message ?? '', Name: step?.name ?? '', Logs });
}

type Result = NonNullable<HistoryRecord['Result']>;

function resultsOf({ Result, Results }: HistoryRecord): readonly (readonly [platform: string, result: Result])[] {
  const single: readonly (readonly [string, Result])[] = Result === undefined ? [] : [['', Result]];
  return [
    ...single,
    ...[...Results].flatMap(([platform, each]) => (each === undefined ? [] : [[platform, each] as const])),
  ];
}

const PREDICATE = 'in-toto.io/predicate-type';

function attachments(record: HistoryRecord): NonNullable<BuildDetails['Attachments']> {
  return resultsOf(record).flatMap(([Platform, { Results, Attestations }]) => {
    const made = [...Results.values()].flatMap((each) => (each === undefined ? [] : [each]));
    const said = Attestations.flatMap((each) => (each === undefined ? [] : [each]));
    return [...made, ...said].map(({ digest, media_type: type, annotations }) =>
      withoutEmpty({ Digest: digest, Platform, Type: annotations.get(PREDICATE) ?? type }),
    );
  });
}

interface Predicate {
  readonly predicate?: Predicate;
  readonly materials?: readonly Source[];
  readonly buildDefinition?: { readonly resolvedDependencies?: readonly Source[] };
}

interface Source {
  readonly uri?: string;
  readonly digest?: Readonly<Record<string, string>>;
}

/** The sources of a build, as its provenance says. */
async function materials(
  builder: Pick<Builder, 'document'>,
  record: HistoryRecord,
  signal: AbortSignal,
): Promise<NonNullable<BuildDetails['Materials']>> {
  const found = new Map<string, readonly string[]>();
  for (const [, { Attestations }] of resultsOf(record)) {
    for (const each of Attestations) {
      if (each?.annotations.get(PREDICATE)?.startsWith('https://slsa.dev/provenance/') !== true) continue;
      const read = JSON.parse((await builder.document(each.digest, signal)).toString()) as Predicate;
      const predicate = read.predicate ?? read;
      for (const { uri = '', digest = {} } of predicate.materials ??
        predicate.buildDefinition?.resolvedDependencies ??
        [])
        found.set(
          uri,
          Object.entries(digest).map(([algorithm, hex]) => `${algorithm}:${hex}`),
        );
    }
  }
  return [...found].map(([URI, Digests]) => ({ URI, Digests }));
}
