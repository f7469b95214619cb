import { type Digest, newObjectId } from '../base/ids.ts';
import type { Op } from '../grpc/messages/pb.ts';
import type { Descriptor } from '../spec/index.ts';
import type { LayerKey } from '../store/index.ts';

/**
 * The files that a step makes, or takes from elsewhere. It is immutable. A *layered* tree is a chain of the engine's
 * layers, which images and further steps stand on. A *folder* is a build's context as the client sent it: only its build
 * sees it, and the cache does not keep it.
 */
export type Tree = LayeredTree | FolderTree;

export interface LayeredTree {
  readonly kind: 'layers';
  /** Bottom first. Empty for the tree without files (`scratch`). */
  readonly layers: readonly TreeLayer[];
}

export interface TreeLayer {
  /** Undefined where the step changed nothing. Its place in the history stays. */
  readonly key: LayerKey | undefined;
  /** What the step was, for people. */
  readonly description: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** The archive of the layer, where the image that it comes from has one. An export uses it as it is. */
  readonly blob?: Descriptor;
  /** Where the layer is one of an image. */
  readonly diffId?: Digest;
}

export interface FolderTree {
  readonly kind: 'folder';
  /** Path on the host. Nobody changes it before the builds that use it have ended. */
  readonly path: string;
}

/** What a process that failed saw and left: by the mounts of its op. */
export interface FailedExec {
  /** Undefined where a mount has no input. */
  readonly inputs: readonly (Tree | undefined)[];
  /** What it left, or what it saw where it could not write. */
  readonly mounts: readonly (Tree | undefined)[];
}

/** The step at which a build has failed, for people who look into it. */
export interface FailedStep {
  readonly op: Op;
  readonly description: ReadonlyMap<string, string>;
  /** The action of a file op, or the input whose content could not be read. Undefined where it was the step as a whole. */
  readonly subject?: { readonly kind: 'action' | 'input'; readonly index: number };
  /** Of a process: see {@link FailedExec}. Of an input that could not be read: that one. */
  readonly inputs: readonly (Tree | undefined)[];
  readonly mounts: readonly (Tree | undefined)[];
}

/** The tree without files. */
export const EMPTY_TREE: LayeredTree = { kind: 'layers', layers: [] };

/** The keys of the layers that hold files, bottom first. */
export function layerKeys({ layers }: LayeredTree): readonly LayerKey[] {
  return layers.flatMap(({ key }) => key ?? []);
}

/** Names of the writables of builds begin with it. Those of containers never do. */
const WRITABLE = 'build-';

/** Returns a name for a writable of a build. After a crash of the daemon, the next start removes it. */
export function newTreeRootId(): string {
  return `${WRITABLE}${newObjectId()}`;
}

export function isTreeRootId(id: string): boolean {
  return id.startsWith(WRITABLE);
}
