import { type Exporter, type ExportRequest, NOTHING_EXPORTED } from '../exporter.ts';
import type { AttestedTree } from './attested-tree.ts';
import { fileOptions, openTrees } from './open-trees.ts';
import { sendToClient } from './send-to-client.ts';

/** Sends the client the files as a tar. Several platforms have folders in it, and one has none, whatever the client says. @throws EngineError invalid for the options */
export function tarExporter(
  { snapshots }: { readonly snapshots: AttestedTree['snapshots'] },
  { id, attrs }: ExportRequest,
): Exporter {
  const options = fileOptions(attrs);
  return {
    name: 'exporting to client tarball',
    async run(result, context) {
      await using opened = await openTrees(snapshots, { result, options, isSplit: result.isMultiple }, context.signal);
      const bytes = await snapshots.trees.archive(opened.trees, context.signal);
      await sendToClient(context, { exporterId: id, response: new Map(), bytes });
      return NOTHING_EXPORTED;
    },
  };
}
