import { type Duplex, Readable } from 'node:stream';
import { EngineError, notFound } from '../../base/errors.ts';
import { silentLogger } from '../../base/logger.ts';
import type { Builder } from '../../build/index.ts';
import type { Containers, WaitResult } from '../../containers/index.ts';
import { createEventLog, type EventLog } from '../../events/index.ts';
import type { Images } from '../../images/index.ts';
import type { NetworkInspect } from '../../network/index.ts';
import type { ApiDeps } from '../server.ts';
import type { Info } from '../versions/info-shape.ts';

export interface RecordingEngine {
  readonly deps: ApiDeps;
  readonly events: EventLog;
  /** Calls as `verb argument…`, with JSON for objects. */
  readonly journal: string[];
  /** Signals that long calls were given. */
  readonly signals: AbortSignal[];
}

/** The recorded calls, for tests. */
interface Calls {
  readonly signals: AbortSignal[];
  note(verb: string, ...args: readonly unknown[]): void;
}

/**
 * Records what the HTTP layer calls, and returns canned results, for tests of that layer alone. The only container is
 * `web`. It stands for no behaviour of the engine, so no suite of a real one applies: the compiler compares its methods
 * with the interfaces, and the end-to-end tests show that the calls do what a client expects.
 */
export function recordingEngine(): RecordingEngine {
  const journal: string[] = [];
  const calls: Calls = {
    signals: [],
    note(verb, ...args) {
      const bigints = (_key: string, value: unknown): unknown => (typeof value === 'bigint' ? `${value}n` : value);
      const shown = args.filter((arg) => !(arg instanceof AbortSignal)).map((arg) => JSON.stringify(arg, bigints));
      journal.push([verb, ...shown].join(' '));
    },
  };
  const events = createEventLog(() => 1_700_000_000_123_456_789n);
  const deps: ApiDeps = {
    containers: recordingContainers(calls) as Containers,
    images: recordingImages(calls) as Images,
    networks: NETWORKS as ApiDeps['networks'],
    volumes: VOLUMES as ApiDeps['volumes'],
    builder: recordingBuilder(calls) as Builder,
    system: {
      info: async () => ({ MemTotal: 1 }) as unknown as Info,
      version: async () => ({ Version: '0' }),
      directorySizeBytes: async () => 0,
      registryUsage: () => [],
      check: {
        async run() {
          return { blobs: 0, bytes: 0, images: 0, layers: 0, containers: 0, volumes: 0, findings: [] };
        },
      },
    },
    classicBuilder: {
      async build({ body: _body, credentials: _credentials, ...request }, send) {
        calls.note('build', { ...request, buildArgs: [...request.buildArgs], labels: [...request.labels] });
        send({ stream: 'Step 1/1 : FROM scratch' });
      },
      cancel: (id) => calls.note('cancelClassic', id),
    },
    registries: { login: async () => ({}) },
    events,
    logger: silentLogger,
    stopping: new AbortController().signal,
    ...{ engineVersion: '0.0.0', isExperimental: false },
  };
  return { deps, events, journal, signals: calls.signals };
}

const NETWORKS: Partial<ApiDeps['networks']> = {
  list: async () => [],
  inspect: (ref) => ({ Name: ref }) as NetworkInspect,
};
const VOLUMES: Partial<ApiDeps['volumes']> = { list: async () => ({ volumes: [], warnings: [] }) };

function known(ref: string): void {
  if (ref !== 'web') throw notFound('container', ref);
}

function recordingContainers({ note, signals }: Calls): Partial<Containers> {
  const noting =
    (verb: string) =>
    async (ref: string, ...args: readonly unknown[]): Promise<void> => {
      note(verb, ref, ...args);
      known(ref);
    };
  return {
    start: noting('start'),
    stop: noting('stop'),
    kill: noting('kill'),
    resize: noting('resize'),
    remove: noting('remove'),
    async create(request) {
      note('create', request);
      return { id: 'c1', warnings: [] };
    },
    async list(options) {
      note('list', options);
      return [];
    },
    async wait(ref, condition, signal) {
      note('wait', ref, condition);
      known(ref);
      signals.push(signal);
      const result = new Promise<WaitResult>((resolve, reject) => {
        if (condition === 'not-running') resolve({ exitCode: 3 });
        signal.addEventListener('abort', () => reject(new EngineError('cancelled', 'gone')));
      });
      return { result };
    },
    async logs(ref, options, signal) {
      note('logs', ref, options);
      known(ref);
      signals.push(signal);
      return { tty: false, stream: Readable.from([Buffer.from('line 1\n'), Buffer.from('line 2\n')]) };
    },
    async attach(ref, options) {
      note('attach', ref, options);
      known(ref);
      return { tty: false, connect: echo };
    },
    ...recordingExecs(note),
    async stats() {
      return (async function* () {
        yield { cpu: 18446744073709551615n };
        yield { cpu: 1n };
      })();
    },
  };
}

/** The only exec is `e1`. */
function recordingExecs(note: Calls['note']): Pick<Containers, 'execCreate' | 'execStart'> {
  return {
    async execCreate(ref, config) {
      note('execCreate', ref, config);
      known(ref);
      return { id: 'e1' };
    },
    async execStart(id, options) {
      note('execStart', id, options);
      if (id !== 'e1') throw notFound('exec instance', id);
      return options.detach ? undefined : { tty: options.tty, connect: echo };
    },
  };
}

function recordingImages({ note }: Pick<Calls, 'note'>): Partial<Images> {
  return {
    async load(archive, _options, progress) {
      let size = 0;
      for await (const chunk of archive) size += (chunk as Buffer).length;
      if (size === 0) throw new EngineError('invalid', 'the archive is empty');
      progress({ stream: `Loaded ${size}\n` });
    },
    async pull({ image }, progress) {
      if (image === 'nope') throw notFound('image', image);
      progress({ status: `Pulling ${image}` });
      throw new EngineError('noSpace', 'no space left on device');
    },
    async inspect(ref) {
      throw notFound('image', ref);
    },
    async tag(ref, target) {
      note('tag', ref, target);
    },
    async remove(ref, options) {
      note('removeImage', ref, options);
      return [{ Untagged: ref }];
    },
  };
}

function recordingBuilder({ note, signals }: Calls): Partial<Builder> {
  return {
    serveGrpc: (connection, signal) => {
      note('serveGrpc');
      signals.push(signal);
      return echo(connection);
    },
    acceptSession: ({ connection, ...session }) => {
      note('acceptSession', session);
      return echo(connection);
    },
    diskUsage: async () => [],
    async prune(request) {
      note('prune', request);
      return request.all ? { deleted: ['r1'], reclaimedBytes: 7 } : { deleted: [], reclaimedBytes: 0 };
    },
    async build({ body: _body, credentials: _credentials, ...posted }, send) {
      const maps = { buildArgs: [...posted.buildArgs], labels: [...posted.labels] };
      const outputs = posted.outputs.map(({ type, attrs }) => ({ type, attrs: [...attrs] }));
      note('postedBuild', { ...posted, ...maps, outputs });
      send({ id: 'moby.image.id', aux: { ID: 'sha256:1' } });
    },
    cancel: (id) => note('cancel', id),
  };
}

/** Behaves as a process like `cat`: its output ends when its input does. */
async function echo(connection: Duplex): Promise<void> {
  for await (const chunk of connection) connection.write(Buffer.concat([Buffer.from('>'), chunk as Buffer]));
  connection.end('<end');
}
