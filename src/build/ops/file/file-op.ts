import { invalid } from '../../../base/errors.ts';
import type { LlbNode } from '../../llb/graph.ts';
import type { Op } from '../../solver/index.ts';
import type { Tree } from '../../tree.ts';
import { stepName } from '../step-name.ts';
import type { RootPorts } from '../tree-root.ts';
import { fileKey } from './file-key.ts';
import { runFile } from './run-file.ts';

/** The op of a node that changes files. @throws EngineError invalid for a node that is none */
export function fileOp(node: LlbNode, { ports }: { readonly ports: RootPorts }): Op<Tree> {
  const { file } = node.op;
  if (file === undefined) throw invalid('invalid op: it changes no files');
  const description = stepName(node);
  return {
    cacheKey: async () => fileKey(node, file, ports),
    run: (inputs, context) => runFile(ports, { actions: file.actions, description }, inputs, context),
  };
}
