import type { Init } from '../../grpc/index.ts';
import {
  type cacheSharingOpt,
  type execOp,
  type meta,
  type mount,
  mountType,
  type secretEnv,
} from '../../grpc/messages/pb.ts';
import { createNode, InputList, type NodeNotes, type PlatformInit } from './create-node.ts';
import type { LlbEdge, LlbNode } from './graph.ts';

export interface ExecInit extends NodeNotes {
  /** Undefined is the empty tree. */
  readonly root: LlbEdge | undefined;
  readonly isRootReadOnly?: boolean;
  readonly meta: Init<typeof meta>;
  /** Without those of secrets and agents. In any order. */
  readonly mounts: readonly ExecMount[];
  readonly secrets?: readonly Init<typeof mount>[];
  readonly secretEnvironment?: readonly Init<typeof secretEnv>[];
  readonly network?: number;
  readonly security?: number;
  readonly devices?: Init<typeof execOp>['cdiDevices'];
  readonly platform?: PlatformInit;
}

export interface ExecMount {
  readonly target: string;
  readonly source?: LlbEdge | undefined;
  /** A path within the source. */
  readonly selector?: string;
  readonly isReadOnly?: boolean;
  /** What is written is thrown away. */
  readonly hasNoOutput?: boolean;
  readonly cache?: { readonly id: string; readonly sharing: (typeof cacheSharingOpt)[keyof typeof cacheSharingOpt] };
  readonly tmpfs?: { readonly sizeBytes: number };
}

const NO_OUTPUT = -1;

/** A node that runs a process. Output 0 is its root, unless that is read-only; mounts that can be written follow by target. */
export function execNode(init: ExecInit): LlbNode {
  const inputs = new InputList();
  let outputs = 0;
  const root: ExecMount = { target: '/', source: init.root, isReadOnly: init.isRootReadOnly ?? false };
  const mounts = [root, ...init.mounts]
    .sort((one, other) => compare(one.target, other.target))
    .map((each) => {
      const input = inputs.add(each.source);
      const isOutput = !each.hasNoOutput && !each.isReadOnly && each.cache === undefined && each.tmpfs === undefined;
      return mountOf(each, input, isOutput ? outputs++ : NO_OUTPUT);
    });
  return createNode(
    {
      exec: {
        meta: init.meta,
        mounts: [...mounts, ...(init.secrets ?? [])],
        network: init.network,
        security: init.security,
        secretenv: init.secretEnvironment,
        cdiDevices: init.devices,
      },
      platform: init.platform,
    },
    inputs.edges,
    init,
  );
}

function mountOf(given: ExecMount, input: number, output: number): Init<typeof mount> {
  const { target, selector, isReadOnly, cache, tmpfs } = given;
  const common = { input, selector, dest: target, output, readonly: isReadOnly };
  if (cache !== undefined) {
    return { ...common, mountType: mountType.CACHE, cacheOpt: { ID: cache.id, sharing: cache.sharing } };
  }
  if (tmpfs !== undefined) {
    return { ...common, mountType: mountType.TMPFS, TmpfsOpt: { size: tmpfs.sizeBytes } };
  }
  return common;
}

function compare(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}
