import type { BuildPorts } from '../../ports.ts';
import { type Exporter, type ExportRequest, NOTHING_EXPORTED } from '../exporter.ts';
import { openTrees } from './open-trees.ts';
import { sendToClient } from './send-to-client.ts';

/** Sends the client the files as a tar. */
export function tarExporter({ snapshots }: Pick<BuildPorts, 'snapshots'>, { id, attrs }: ExportRequest): Exporter {
  return {
    name: 'exporting to client tarball',
    async run(result, context) {
      await using opened = await openTrees(snapshots, result, attrs);
      const bytes = await snapshots.trees.archive(opened.trees, context.signal);
      await sendToClient(context, { exporterId: id, response: new Map(), bytes });
      return NOTHING_EXPORTED;
    },
  };
}
