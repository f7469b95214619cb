import { type Duplex, Readable } from 'node:stream';
import { EngineError, notFound } from '../../base/errors.ts';
import { silentLogger } from '../../base/logger.ts';
import type { Attachment, Containers } from '../../containers/index.ts';
import { createEventLog, type EventLog } from '../../events/index.ts';
import type { Images } from '../../images/index.ts';
import type { ApiDeps } from '../server.ts';
import type { Info } from '../versions/info-shape.ts';

export interface FakeEngine {
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
 * Every interface of the engine with canned results, for tests of the HTTP layer alone. The only container is `web`.
 */
export function fakeEngine(): FakeEngine {
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
    containers: fakeContainers(calls) as unknown as Containers,
    images: fakeImages(calls) as unknown as Images,
    networks: { list: () => [], inspect: (ref: string) => ({ Name: ref }) } as unknown as ApiDeps['networks'],
    volumes: { list: () => [] } as unknown as ApiDeps['volumes'],
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
    registries: { login: async () => ({}) },
    events,
    logger: silentLogger,
    stopping: new AbortController().signal,
    engineVersion: '0.0.0',
  };
  return { deps, events, journal, signals: calls.signals };
}

function known(ref: string): void {
  if (ref !== 'web') throw notFound('container', ref);
}

function fakeContainers({ note, signals }: Calls) {
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
    async create(request: object) {
      note('create', request);
      return { id: 'c1', warnings: [] };
    },
    async list(options: object) {
      note('list', options);
      return [];
    },
    async wait(ref: string, condition: string, signal: AbortSignal) {
      note('wait', ref, condition);
      known(ref);
      signals.push(signal);
      const result = new Promise((resolve, reject) => {
        if (condition === 'not-running') resolve({ exitCode: 3 });
        signal.addEventListener('abort', () => reject(new EngineError('cancelled', 'gone')));
      });
      return { result };
    },
    async logs(ref: string, options: object, signal: AbortSignal) {
      note('logs', ref, options);
      known(ref);
      signals.push(signal);
      return { tty: false, stream: Readable.from([Buffer.from('line 1\n'), Buffer.from('line 2\n')]) };
    },
    async attach(ref: string, options: object): Promise<Attachment> {
      note('attach', ref, options);
      known(ref);
      return { tty: false, connect: echo };
    },
    async execCreate(ref: string, config: object) {
      note('execCreate', ref, config);
      known(ref);
      return { id: 'e1' };
    },
    async execStart(id: string, options: { detach: boolean; tty: boolean }): Promise<Attachment | undefined> {
      note('execStart', id, options);
      if (id !== 'e1') throw notFound('exec instance', id);
      return options.detach ? undefined : { tty: options.tty, connect: echo };
    },
    async stats() {
      return (async function* () {
        yield { cpu: 18446744073709551615n };
        yield { cpu: 1n };
      })();
    },
  };
}

function fakeImages({ note }: Pick<Calls, 'note'>) {
  return {
    async load(archive: Readable, _options: object, progress: (message: object) => void) {
      let size = 0;
      for await (const chunk of archive) size += (chunk as Buffer).length;
      if (size === 0) throw new EngineError('invalid', 'the archive is empty');
      progress({ stream: `Loaded ${size}\n` });
    },
    async pull({ image }: { readonly image: string }, progress: (message: object) => void) {
      if (image === 'nope') throw notFound('image', image);
      progress({ status: `Pulling ${image}` });
      throw new EngineError('noSpace', 'no space left on device');
    },
    async inspect(ref: string) {
      throw notFound('image', ref);
    },
    async tag(ref: string, target: object) {
      note('tag', ref, target);
    },
    async remove(ref: string, options: object) {
      note('removeImage', ref, options);
      return [{ Untagged: ref }];
    },
  };
}

/** Behaves as a process like `cat`: its output ends when its input does. */
async function echo(connection: Duplex): Promise<void> {
  for await (const chunk of connection) connection.write(Buffer.concat([Buffer.from('>'), chunk as Buffer]));
  connection.end('<end');
}
