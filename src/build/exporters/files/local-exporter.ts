import type { SentTree } from '../../session/index.ts';
import { type Exporter, type ExportRequest, NOTHING_EXPORTED } from '../exporter.ts';
import type { AttestedTree } from './attested-tree.ts';
import { fileOptions, openTrees } from './open-trees.ts';

/** Sends the client the files, which it lays into a directory. @throws EngineError invalid for the options */
export function localExporter(
  { snapshots }: { readonly snapshots: AttestedTree['snapshots'] },
  { id, attrs }: ExportRequest,
): Exporter {
  const options = fileOptions(attrs);
  return {
    name: 'exporting to client directory',
    async run(result, context) {
      const { report, signal } = context;
      const isSplit = options.isSplit ?? result.isMultiple;
      await using opened = await openTrees(snapshots, { result, options, isSplit }, signal);
      const session = await context.session();
      const metadata: Record<string, string> = isSplit ? { 'buildkit-exporter-multi-platform': '1' } : {};
      for (const trees of isSplit ? [opened.trees] : opened.trees.map((tree): readonly SentTree[] => [tree])) {
        const part = { id: 'copying files', started: Date.now() };
        const progress = (current: number, isDone: boolean): void =>
          report({ ...part, current, ...(isDone ? { completed: Date.now() } : {}) });
        await session.sendDirectory({ exporterId: id, trees, metadata, progress }, signal);
      }
      return NOTHING_EXPORTED;
    },
  };
}
