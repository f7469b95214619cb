import { invalid } from '../../../base/errors.ts';
import type { LlbNode } from '../../llb/graph.ts';
import type { Op } from '../../solver/index.ts';
import type { Tree } from '../../tree.ts';
import type { OpDeps } from '../op-deps.ts';
import { execKey } from './exec-key.ts';
import { runExec } from './run-exec.ts';

/** The op of a node that runs a process. @throws EngineError invalid for a node that is none */
export function execOp(node: LlbNode, deps: OpDeps): Op<Tree> {
  const { exec } = node.op;
  const meta = exec?.meta;
  if (exec === undefined || meta === undefined) throw invalid('invalid op: it runs no process');
  return {
    cacheKey: async () => execKey(node, exec, deps.ports),
    run: (inputs, context) => runExec(deps, { node, exec, meta }, inputs, context),
  };
}
