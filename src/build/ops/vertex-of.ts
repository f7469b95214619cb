import { EngineError } from '../../base/errors.ts';
import type { Digest } from '../../base/ids.ts';
import type { RunningBuild } from '../builds.ts';
import { type LlbEdge, type LlbNode, nodesOf, vertexDigest } from '../llb/index.ts';
import type { Edge, Op, Vertex } from '../solver/index.ts';
import type { Tree } from '../tree.ts';
import { checkEntitlements } from './entitlements.ts';
import { execOp } from './exec/exec-op.ts';
import { fileOp } from './file/file-op.ts';
import { diffOp } from './merge/diff-op.ts';
import { mergeOp } from './merge/merge-op.ts';
import type { OpDeps } from './op-deps.ts';
import { sourceOp } from './sources/index.ts';
import { stepName } from './step-name.ts';

/**
 * Returns a graph as the solver runs it. Each node is one vertex.
 * @throws EngineError forbidden for what the build is not allowed; notImplemented for ops that the builder does not have
 */
export function vertexOf(edge: LlbEdge, deps: OpDeps, build: Pick<RunningBuild, 'entitlements'>): Edge<Tree> {
  const vertices = new Map<Digest, Vertex<Tree>>();
  for (const node of nodesOf(edge)) {
    if (node.op.exec !== undefined) checkEntitlements(node.op.exec, build.entitlements);
    vertices.set(node.digest, newVertex(node, vertices, deps));
  }
  return { vertex: vertices.get(edge.node.digest) as Vertex<Tree>, output: edge.output };
}

/** The vertices of the inputs are there. */
function newVertex(node: LlbNode, vertices: ReadonlyMap<Digest, Vertex<Tree>>, deps: OpDeps): Vertex<Tree> {
  const { ignore_cache: ignoresCache, progress_group: group } = node.metadata;
  return {
    digest: vertexDigest(node),
    name: stepName(node),
    inputs: node.inputs.map((input) => ({
      vertex: vertices.get(input.node.digest) as Vertex<Tree>,
      output: input.output,
    })),
    op: opOf(node, deps),
    ignoresCache,
    progressGroup: group && { id: group.id, name: group.name, weak: group.weak },
    place: node.location,
  };
}

function opOf(node: LlbNode, deps: OpDeps): Op<Tree> {
  const { source, exec, file, merge, diff } = node.op;
  if (source !== undefined) return sourceOp(node, deps);
  if (exec !== undefined) return execOp(node, deps);
  if (file !== undefined) return fileOp(node, deps);
  if (merge !== undefined) return mergeOp(node, deps);
  if (diff !== undefined) return diffOp(node, deps);
  throw new EngineError('notImplemented', 'the op of a graph is of a kind that the builder does not have');
}
