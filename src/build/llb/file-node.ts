import type { Init } from '../../grpc/index.ts';
import type {
  chownOpt,
  fileAction,
  fileActionCopy,
  fileActionMkDir,
  fileActionMkFile,
  fileActionRm,
  fileActionSymlink,
  userOpt,
} from '../../grpc/messages/pb.ts';
import { createNode, InputList, type NodeNotes, type PlatformInit } from './create-node.ts';
import type { LlbEdge, LlbNode } from './graph.ts';

/** One change of a tree. `owner` of a copy, a file, a folder or a link is kept or 0:0 where it is undefined. */
export type FileChange = (
  | { readonly copy: Init<typeof fileActionCopy>; readonly from: LlbEdge | undefined }
  | { readonly mkfile: Init<typeof fileActionMkFile> }
  | { readonly mkdir: Init<typeof fileActionMkDir> }
  | { readonly rm: Init<typeof fileActionRm> }
  | { readonly symlink: Init<typeof fileActionSymlink> }
) & { readonly owner?: FileOwner | undefined };

/** Names or numbers. Names are looked up in the tree that the change is made to. '' is no choice. */
export interface FileOwner {
  readonly user: string;
  readonly group?: string | undefined;
}

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
    const input = index === 0 ? first : inputs.edges.length + index - 1;
    return {
      input,
      secondaryInput: sources[index] ?? NONE,
      output: index === changes.length - 1 ? 0 : NONE,
      ...actionOf(change, ownerOf(change.owner, input)),
    };
  });
  return createNode({ file: { actions }, platform }, inputs.edges, notes);
}

function actionOf(change: FileChange, owner: Init<typeof chownOpt> | undefined): Init<typeof fileAction> {
  if ('copy' in change) return { copy: { ...change.copy, owner } };
  if ('mkfile' in change) return { mkfile: { ...change.mkfile, owner } };
  if ('mkdir' in change) return { mkdir: { ...change.mkdir, owner } };
  if ('symlink' in change) return { symlink: { ...change.symlink, owner } };
  return { rm: change.rm };
}

function ownerOf(owner: FileOwner | undefined, input: number): Init<typeof chownOpt> | undefined {
  if (owner === undefined) return undefined;
  const { user, group } = owner;
  return { user: userOf(user, input), ...(group === undefined ? {} : { group: userOf(group, input) }) };
}

function userOf(name: string, input: number): Init<typeof userOpt> {
  if (name === '') return {};
  const id = /^\d+$/.test(name) ? Number(name) : Number.NaN;
  return id < 2 ** 31 ? { byID: id } : { byName: { name, input } };
}
