import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { silentLogger } from '../../../base/logger.ts';
import { memoryRecords } from '../../../base/records.ts';
import { hostPlatform } from '../../../spec/index.ts';
import { type OpenSnapshots, openSnapshots, openStores, type Stores } from '../../../store/index.ts';
import type { NewBuildImage } from '../../ports.ts';
import type { Session, SessionContent } from '../../session/index.ts';
import type { StepStatus } from '../../solver/index.ts';
import type { LayeredTree, TreeLayer } from '../../tree.ts';
import type { ExportContext, ExportedPlatform } from '../exporter.ts';
import type { KnownArchive } from '../image/store-layers.ts';
import { type OpenExporter, openExporters } from '../open-exporters.ts';

/** What the client got as a file. */
export interface SentFile {
  readonly exporterId: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly bytes: Buffer;
}

export interface ExportFixture extends AsyncDisposable {
  readonly stores: Stores;
  readonly snapshots: OpenSnapshots;
  readonly open: OpenExporter;
  readonly context: ExportContext;
  readonly added: NewBuildImage[];
  readonly sent: SentFile[];
  /** Blobs that were written into stores of the client. */
  readonly stored: { readonly storeId: string; readonly digest: string; readonly bytes: Buffer }[];
  /** Names of the files in each directory that the client got. */
  readonly directories: { readonly metadata: object; readonly files: readonly string[] }[];
  readonly pushed: string[];
  readonly reports: StepStatus[];
  /** Runs a step on a tree: `undefined` changes nothing. */
  step(base: LayeredTree, description: string, run: ((root: string) => void) | undefined): Promise<LayeredTree>;
}

let steps = 0;

/** The exporters with real stores, for a client that keeps what it gets. */
export async function openExportFixture(): Promise<ExportFixture> {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-export-'));
  const mountRoot = join(folder, 'mounts');
  mkdirSync(mountRoot);
  const dataRoot = join(folder, 'data');
  const snapshots = openSnapshots({ dataRoot, mountRoot, driver: 'auto', logger: silentLogger });
  const stores = await openStores({ dataRoot, logger: silentLogger, openSnapshots: () => snapshots });
  // Keeps the layers of steps, as the cache of builds does.
  const cache = stores.collector.lease();
  const [added, sent, pushed, reports]: [NewBuildImage[], SentFile[], string[], StepStatus[]] = [[], [], [], []];
  const open = openExporters({
    snapshots,
    content: stores.content,
    collector: stores.collector,
    archives: memoryRecords<KnownArchive>(),
    accessOf: () => ({ credentials: async () => ({ kind: 'anonymous' }) }),
    images: {
      add(image) {
        added.push(image);
        stores.images.add([image]);
      },
      push: async (name) => void pushed.push(name),
      pushContent: async ({ name, descriptor }) => void pushed.push(`${name} ${descriptor.digest}`),
    },
  });
  const stored: ExportFixture['stored'] = [];
  const directories: { metadata: object; files: readonly string[] }[] = [];
  const context: ExportContext = {
    sessionId: 's',
    session: async () => receivingSession({ sent, stored, directories }),
    report: (status) => void reports.push(status),
    signal: new AbortController().signal,
  };
  const step: ExportFixture['step'] = async (base, description, run) => {
    const id = `step-${++steps}`;
    await snapshots.createWritable(
      id,
      base.layers.flatMap(({ key }) => key ?? []),
    );
    const root = await snapshots.mount(id, { isVolatile: true });
    run?.(root);
    const key = await snapshots.sealed.seal(id);
    if (key !== undefined) cache.layer(key);
    const layer: TreeLayer = { key, description, createdAt: Date.UTC(2026, 0, 1) + steps };
    return { kind: 'layers', layers: [...base.layers, layer] };
  };
  return {
    ...{ stores, snapshots, open, context, added, sent, stored, directories, pushed, reports, step },
    async [Symbol.asyncDispose]() {
      await cache[Symbol.asyncDispose]();
      await stores.close();
      // With a mount of a failed test, this would delete through the mount.
      if (readFileSync('/proc/self/mountinfo', 'utf8').includes(folder)) throw new Error(`${folder} has mounts`);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function storeOf(storeId: string, stored: ExportFixture['stored']): SessionContent {
  const write: SessionContent['write'] = async ({ digest, sizeBytes, bytes }) => {
    const found = await buffer(bytes);
    if (found.length !== sizeBytes) throw new Error(`${digest} has ${found.length} bytes`);
    stored.push({ storeId, digest, bytes: found });
  };
  return { write } as SessionContent;
}

interface Received extends Pick<ExportFixture, 'sent' | 'stored'> {
  readonly directories: { metadata: object; files: readonly string[] }[];
}

function receivingSession({ sent, stored, directories }: Received): Session {
  const session: Pick<Session, 'sendFile' | 'sendDirectory' | 'content'> = {
    content: (storeId) => storeOf(storeId, stored),
    async sendDirectory({ metadata, trees }) {
      const files = trees.flatMap(({ root, folder }) =>
        readdirSync(root, { recursive: true }).map((name) => join(folder, String(name))),
      );
      directories.push({ metadata, files: files.toSorted() });
    },
    async sendFile({ exporterId, metadata, bytes }) {
      sent.push({ exporterId, metadata, bytes: await buffer(bytes) });
    },
  };
  return session as Session;
}

/** A tree as one platform's result. */
export function exported(tree: LayeredTree, config: object, id = 'linux/amd64'): ExportedPlatform {
  const [os = '', architecture = ''] = id.split('/');
  const platform = id === '' ? hostPlatform() : { os, architecture };
  return { id, platform, tree, config: Buffer.from(JSON.stringify({ os, architecture, ...config })), attestations: [] };
}
