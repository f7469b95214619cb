import { invalid } from '../../../base/errors.ts';
import { code, GrpcError, type Served, serve } from '../../../grpc/index.ts';
import { fileSend } from '../../../grpc/messages/filesync.ts';
import { packet } from '../../../grpc/messages/fsutil.ts';
import type { BuildOutput, LayoutStore } from '../builder.ts';
import { receiveTree } from '../directories/receive-tree.ts';
import { serveStores } from '../layouts/serve-stores.ts';

/** Declared with messages of bytes, the method carries packets for directories. */
const packets = { DiffCopy: { ...fileSend.DiffCopy, request: packet, response: packet } } as const;

/** The name under which builders write into the layout of an output. */
const EXPORT_STORE = 'export';

/**
 * Takes what the exporters of a build send, and serves layouts by the names of their stores. @throws EngineError invalid when
 * directories and archives are wanted together
 */
export function serveResults(
  outputs: readonly BuildOutput[],
  known: Readonly<Record<string, LayoutStore>> = {},
): readonly Served[] {
  const layouts = outputs.flatMap(({ receive }) => (receive?.kind === 'layout' ? [receive.path] : []));
  const [layout] = layouts;
  if (layouts.length > 1) throw invalid('outputs with tar=false need a build each');
  const own = layout === undefined ? {} : { [EXPORT_STORE]: { path: layout, isWritable: true } };
  const stores = serveStores({ ...known, ...own });
  return [...stores, ...serveFiles(outputs)];
}

function serveFiles(outputs: readonly BuildOutput[]): readonly Served[] {
  const targets = new Map(
    outputs.flatMap(({ receive }, at) =>
      receive === undefined || receive.kind === 'layout' ? [] : [[String(at), receive]],
    ),
  );
  const kinds = new Set([...targets.values()].map(({ kind }) => kind));
  if (kinds.size > 1) throw invalid('outputs that are directories and outputs that are archives need a build each');
  const targetOf = (id = '0') => {
    const target = targets.get(id);
    if (target === undefined) throw new GrpcError(code.notFound, `no output ${id}`);
    return target;
  };
  if (kinds.has('directory')) {
    return serve(packets, {
      async *DiffCopy(requests, { metadata }) {
        const target = targetOf(metadata.get('buildkit-attachable-exporter-id'));
        if (target.kind === 'directory') yield* receiveTree(target.path, requests);
      },
    });
  }
  if (!kinds.has('file')) return [];
  return serve(fileSend, {
    // biome-ignore lint/correctness/useYield: the builder expects no message.
    async *DiffCopy(requests, { metadata }) {
      const target = targetOf(metadata.get('buildkit-attachable-exporter-id'));
      if (target.kind === 'file') await target.write(contents(requests));
    },
  });
}

async function* contents(requests: AsyncIterable<{ readonly data: Buffer }>): AsyncGenerator<Uint8Array> {
  for await (const { data } of requests) yield data;
}
