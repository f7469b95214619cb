import { statSync } from 'node:fs';
import { posix } from 'node:path';
import { invalid } from '../../../base/errors.ts';
import { cacheSharingOpt, type Mount, mountType } from '../../../grpc/messages/pb.ts';
import type { SpecMount } from '../../../runtime/index.ts';
import type { StepContext } from '../../solver/index.ts';
import { EMPTY_TREE, type Tree } from '../../tree.ts';
import type { OpDeps } from '../op-deps.ts';
import { openTree, openTreeRoot, type TreeRoot } from '../tree-root.ts';
import { pathWithin } from './path-within.ts';
import { findSecret, SecretFiles } from './secret-mounts.ts';
import { openSshSocket } from './ssh-sockets.ts';
import type { StepFolder } from './step-files.ts';

export interface StepMountsInput {
  readonly mounts: readonly Mount[];
  readonly inputs: readonly Tree[];
  readonly cwd: string;
  readonly folder: StepFolder;
  readonly context: StepContext;
  /** For people. */
  readonly name: string;
}

/** What a step sees: its root, and what is mounted into it. */
export interface StepMounts {
  /** Path of the root on the host. */
  readonly rootfs: string;
  readonly isRootReadOnly: boolean;
  readonly mounts: readonly SpecMount[];
  /** By number. A tree stays as it is where the step cannot write to it. */
  readonly outputs: ReadonlyMap<number, TreeRoot | Tree>;
}

const ROOT = '/';
const SHARING = { [cacheSharingOpt.PRIVATE]: 'private', [cacheSharingOpt.LOCKED]: 'locked' } as const;

/** Opens everything that a step sees. `opened` closes it. @throws EngineError notFound, noSpace, cancelled */
export async function openStepMounts(
  deps: OpDeps,
  input: StepMountsInput,
  opened: AsyncDisposableStack,
): Promise<StepMounts> {
  const opening = new Opening(deps, input, opened);
  const root = input.mounts.find(({ dest }) => dest === ROOT);
  if (root === undefined) throw invalid('an exec op has no root');
  const rootfs = await opening.bind(root, { isWritable: true });
  const mounts: SpecMount[] = [];
  for (const mount of input.mounts) {
    if (mount === root) continue;
    const found = await opening.mount(mount);
    if (found !== undefined) mounts.push(found);
  }
  return { rootfs, isRootReadOnly: root.readonly, mounts, outputs: opening.outputs };
}

class Opening {
  readonly outputs = new Map<number, TreeRoot | Tree>();
  readonly #deps: OpDeps;
  readonly #input: StepMountsInput;
  readonly #opened: AsyncDisposableStack;
  readonly #secrets: SecretFiles;

  constructor(deps: OpDeps, input: StepMountsInput, opened: AsyncDisposableStack) {
    this.#deps = deps;
    this.#input = input;
    this.#opened = opened;
    this.#secrets = new SecretFiles(input.folder);
  }

  /** Undefined where the client lacks something optional. */
  async mount(mount: Mount): Promise<SpecMount | undefined> {
    if (mount.dest.includes('\0')) throw invalid('invalid mount point: it contains a null byte');
    const source = await this.#source(mount);
    if (source === undefined) return undefined;
    const destination = posix.resolve(this.#input.cwd || '/', mount.dest);
    if (mount.mountType === mountType.TMPFS) {
      const size = mount.TmpfsOpt?.size ?? 0;
      // Programs of a build run from everywhere but /dev.
      const flags = destination.startsWith('/dev/') ? [] : ['exec', 'dev'];
      const options = [...flags, 'mode=1777', ...(size > 0 ? [`size=${size}`] : [])];
      return { type: 'tmpfs', source: '', destination, readOnly: mount.readonly, propagation: '', options };
    }
    const readOnly = mount.readonly || mount.mountType === mountType.SECRET;
    // Nothing is mounted below a file, and crun refuses to mount one recursively read-only.
    const below = statSync(source).isDirectory() ? {} : ({ readOnlyBelow: 'no' } as const);
    return { type: 'bind', source, destination, readOnly, propagation: 'rprivate', ...below };
  }

  async #source(mount: Mount): Promise<string | undefined> {
    switch (mount.mountType) {
      case mountType.BIND:
        return await this.bind(mount, { isWritable: !mount.readonly });
      case mountType.CACHE:
        return await this.#cache(mount);
      case mountType.TMPFS:
        return '';
      case mountType.SECRET:
        return await this.#secret(mount);
      case mountType.SSH:
        return await this.#ssh(mount);
      default:
        throw invalid(`mount type ${mount.mountType} is not supported`);
    }
  }

  /** Returns the path of a tree, or of a part of it. */
  async bind(mount: Mount, { isWritable }: { readonly isWritable: boolean }): Promise<string> {
    const { ports } = this.#deps;
    const tree = this.#treeOf(mount);
    if (!isWritable) {
      if (mount.output >= 0) this.outputs.set(mount.output, tree);
      const opened = this.#opened.use(await openTree(ports, tree));
      return pathWithin(opened.path, mount.selector);
    }
    const root = this.#opened.use(await openTreeRoot(ports, tree, this.#input.context.signal));
    if (mount.output >= 0) this.outputs.set(mount.output, mount.readonly ? tree : root);
    return pathWithin(root.path, mount.selector);
  }

  async #cache(mount: Mount): Promise<string> {
    const { ports, cache } = this.#deps;
    const { context, name } = this.#input;
    const { ID: id = '', sharing: wanted = cacheSharingOpt.SHARED } = mount.cacheOpt ?? {};
    const sharing = wanted === cacheSharingOpt.SHARED ? 'shared' : (SHARING[wanted as 1 | 2] ?? 'shared');
    const description = `cached mount ${mount.dest} from ${name}`;
    if (mount.input < 0) {
      return this.#opened.use(await cache.mounts.take({ id, sharing, description }, context.signal)).path;
    }
    await using initial = await openTree(ports, this.#treeOf(mount));
    const selection = { path: mount.selector || '/' };
    const [sum = ''] = await ports.snapshots.rootFiles.sums(initial.path, [selection], context.signal);
    const content = { sum, path: pathWithin(initial.path, mount.selector) };
    const request = { id, sharing, description, initial: content } as const;
    return this.#opened.use(await cache.mounts.take(request, context.signal)).path;
  }

  async #secret({ secretOpt }: Mount): Promise<string | undefined> {
    const { ID: id = '', optional = false, uid = 0, gid = 0, mode = 0o400 } = secretOpt ?? {};
    const bytes = await findSecret(this.#deps, { id, isOptional: optional }, this.#input.context);
    return bytes && this.#secrets.write({ bytes, uid, gid, mode });
  }

  async #ssh({ SSHOpt }: Mount): Promise<string | undefined> {
    const { ID: id = '', optional: isOptional = false, uid = 0, gid = 0, mode = 0o600 } = SSHOpt ?? {};
    const { folder, context } = this.#input;
    return await openSshSocket(this.#deps, { id, isOptional, uid, gid, mode }, { folder, context });
  }

  #treeOf({ input }: Mount): Tree {
    return input < 0 ? EMPTY_TREE : (this.#input.inputs[input] ?? EMPTY_TREE);
  }
}
