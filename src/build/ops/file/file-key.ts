import { posix } from 'node:path';
import type { FileAction, FileActionCopy, FileOp } from '../../../grpc/messages/pb.ts';
import type { LlbNode } from '../../llb/graph.ts';
import type { CacheKey } from '../../solver/index.ts';
import type { Tree } from '../../tree.ts';
import { definitionDigest, selectionSum } from '../content-key.ts';
import type { RootPorts } from '../tree-root.ts';
import { ownerInputs } from './owner.ts';
import { selectionOf } from './selection.ts';

/** What the result of a file op depends on. Of an input from which it only copies, the copied content counts. */
export function fileKey({ op, inputs }: LlbNode, { actions }: FileOp, ports: RootPorts): CacheKey<Tree> {
  const copies = inputs.map((_, index) => copiesFrom(actions, index));
  const counted = actions.map((action) =>
    (copies[action.secondaryInput]?.length ?? 0) > 0 ? withoutFolder(action) : action,
  );
  return {
    digest: definitionDigest('file', { actions: counted, platform: op.platform }),
    sums: copies.map((found) => (found.length === 0 ? undefined : selectionSum(ports, found.map(selectionOf)))),
  };
}

/** The copies from an input. None where the op uses the input for something else, too. */
function copiesFrom(actions: readonly FileAction[], input: number): readonly FileActionCopy[] {
  const isUsedOtherwise = actions.some((action) => action.input === input || ownerInputs(action).includes(input));
  if (isUsedOtherwise) return [];
  return actions.flatMap(({ secondaryInput, copy }) => (secondaryInput === input && copy !== undefined ? copy : []));
}

/** Of the path of the source only the name counts, which the copy may have. */
function withoutFolder(action: FileAction): FileAction {
  const { copy } = action;
  return copy === undefined ? action : { ...action, copy: { ...copy, src: posix.basename(copy.src) } };
}
