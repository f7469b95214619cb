import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '../../../base/logger.ts';
import { openSnapshots, openStores } from '../../../store/index.ts';
import type { Op, StepContext } from '../../solver/index.ts';
import type { LayeredTree, Tree } from '../../tree.ts';
import { openTree, openTreeRoot, type RootPorts } from '../tree-root.ts';

/** The drivers that the engine has. */
export const DRIVERS = ['overlay2', 'vfs'] as const;

export interface OpsFixture extends AsyncDisposable {
  readonly ports: RootPorts;
  /** Changes a tree by hand. */
  step(base: Tree, change: (root: string) => void): Promise<LayeredTree>;
  run(op: Op<Tree>, inputs: readonly Tree[]): Promise<Tree>;
  /** Each file of a tree with what it holds, and each empty directory. */
  files(tree: Tree): Promise<Readonly<Record<string, string>>>;
}

/** What ops need, on real stores with one of the drivers. */
export async function openOpsFixture(driver: (typeof DRIVERS)[number]): Promise<OpsFixture> {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-ops-'));
  const mountRoot = join(folder, 'mounts');
  mkdirSync(mountRoot);
  const dataRoot = join(folder, 'data');
  const snapshots = openSnapshots({ dataRoot, mountRoot, driver, logger: silentLogger });
  const stores = await openStores({ dataRoot, logger: silentLogger, openSnapshots: () => snapshots });
  const ports = { snapshots, collector: stores.collector };
  const held = new AsyncDisposableStack();
  const context: StepContext = {
    signal: new AbortController().signal,
    builds: () => ['b'],
    log: () => undefined,
    report: () => undefined,
    warn: () => undefined,
    keep: (resource) => void held.use(resource),
  };
  return {
    ports,
    async step(base, change) {
      await using root = await openTreeRoot(ports, base, context.signal);
      change(root.path);
      return await root.seal({ description: 'by hand' }, context);
    },
    async run(op, inputs) {
      const [tree] = await op.run(inputs, context);
      if (tree === undefined) throw new Error('the op has no output');
      return tree;
    },
    async files(tree) {
      await using opened = await openTree(ports, tree);
      const entries = readdirSync(opened.path, { recursive: true, withFileTypes: true });
      const found = entries.map((entry) => {
        const path = join(entry.parentPath, entry.name);
        const name = path.slice(opened.path.length + 1);
        if (entry.isFile()) return [name, readFileSync(path, 'utf8')];
        if (entry.isDirectory()) return readdirSync(path).length === 0 ? [`${name}/`, ''] : undefined;
        return [name, 'no file'];
      });
      return Object.fromEntries(found.filter((each) => each !== undefined).toSorted());
    },
    async [Symbol.asyncDispose]() {
      await held.disposeAsync();
      await stores.close();
      // With a mount of a failed test, this would delete through the mount.
      if (readFileSync('/proc/self/mountinfo', 'utf8').includes(folder)) throw new Error(`${folder} has mounts`);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
