import type { Init } from '../grpc/index.ts';
import type {
  fileActionCopy,
  fileActionMkDir,
  fileActionMkFile,
  fileActionRm,
  fileActionSymlink,
  userOpt,
} from '../grpc/messages/pb.ts';
import { createNode, InputList, type NodeNotes, type PlatformInit } from './create-node.ts';
import type { LlbEdge, LlbNode } from './graph.ts';

/** One change of a tree. Names of owners are looked up in the tree that the first action changes. */
export type FileChange =
  | { readonly copy: Init<typeof fileActionCopy>; readonly from: LlbEdge | undefined }
  | { readonly mkfile: Init<typeof fileActionMkFile> }
  | { readonly mkdir: Init<typeof fileActionMkDir> }
  | { readonly rm: Init<typeof fileActionRm> }
  | { readonly symlink: Init<typeof fileActionSymlink> };

export interface FileInit extends NodeNotes {
  /** Undefined is the empty tree. */
  readonly base: LlbEdge | undefined;
  /** At least one. Each changes what the one before made. */
  readonly changes: readonly FileChange[];
  readonly platform?: PlatformInit;
}

/** Tells that an action has no second input, or that its result is no output. */
const NONE = -1;

/** A node that changes files. Output 0 is the result of the last change. */
export function fileNode({ base, changes, platform, ...notes }: FileInit): LlbNode {
  const inputs = new InputList();
  const first = inputs.add(base);
  const sources = changes.map((change) => ('from' in change ? inputs.add(change.from) : NONE));
  const actions = changes.map((change, index) => {
    const { from: _from, ...action } = { from: undefined, ...change };
    return {
      input: index === 0 ? first : inputs.edges.length + index - 1,
      secondaryInput: sources[index] ?? NONE,
      output: index === changes.length - 1 ? 0 : NONE,
      ...action,
    };
  });
  return createNode({ file: { actions }, platform }, inputs.edges, notes);
}

/** The owner of a file: a number, or a name of the tree of an input (0 is the tree that is changed). */
export function fileUser(name: string, input = 0): Init<typeof userOpt> {
  const id = /^\d+$/.test(name) ? Number(name) : Number.NaN;
  return id < 2 ** 32 ? { byID: id } : { byName: { name, input } };
}
