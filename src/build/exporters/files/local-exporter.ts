import type { BuildPorts } from '../../ports.ts';
import type { SentTree } from '../../session/index.ts';
import { type Exporter, type ExportRequest, NOTHING_EXPORTED } from '../exporter.ts';
import { openTrees } from './open-trees.ts';

/** Sends the client the files, which it lays into a directory. */
export function localExporter({ snapshots }: Pick<BuildPorts, 'snapshots'>, { id, attrs }: ExportRequest): Exporter {
  return {
    name: 'exporting to client directory',
    async run(result, context) {
      const { report, signal } = context;
      await using opened = await openTrees(snapshots, result, attrs);
      const session = await context.session();
      const metadata: Record<string, string> = opened.isSplit ? { 'buildkit-exporter-multi-platform': '1' } : {};
      for (const trees of opened.isSplit ? [inOrder(opened.trees)] : opened.trees.map((tree) => [tree])) {
        const part = { id: 'copying files', started: Date.now() };
        const progress = (current: number, isDone: boolean): void =>
          report({ ...part, current, ...(isDone ? { completed: Date.now() } : {}) });
        await session.sendDirectory({ exporterId: id, trees, metadata, progress }, signal);
      }
      return NOTHING_EXPORTED;
    },
  };
}

function inOrder(trees: readonly SentTree[]): readonly SentTree[] {
  return trees.toSorted((a, b) => (a.folder < b.folder ? -1 : 1));
}
