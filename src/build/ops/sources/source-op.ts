import { EngineError, invalid } from '../../../base/errors.ts';
import type { LlbNode } from '../../llb/graph.ts';
import type { Op } from '../../solver/index.ts';
import type { Tree } from '../../tree.ts';
import { gitSource } from './git/git-source.ts';
import { httpSource } from './http/http-source.ts';
import { imageSource } from './image/image-source.ts';
import { layoutSource } from './layout/layout-source.ts';
import { localSource } from './local/local-source.ts';
import type { Source, SourceDeps } from './source.ts';

const KINDS: Readonly<Record<string, (source: Source, deps: SourceDeps) => Op<Tree>>> = {
  'docker-image': imageSource,
  local: localSource,
  'oci-layout': layoutSource,
  git: gitSource,
  http: httpSource,
  https: httpSource,
};

/** What demands something of a result, such as a signature, that would be wrong without it. */
const UNSUPPORTED =
  /^(?:git\.(?:sig\.|bundle$|checkoutbundle$)|http\.sig\.|image\.(?:checksum|layerlimit)$|oci\.layerlimit$)/;

/**
 * Returns the op of a node that takes files from outside the graph. It has no inputs and one output.
 * @throws EngineError invalid for a node that is no source; notImplemented for an unknown scheme
 */
export function sourceOp(node: LlbNode, deps: SourceDeps): Op<Tree> {
  const { source, platform } = node.op;
  if (source === undefined) throw invalid('invalid op: it is not a source');
  const [, scheme = '', name = ''] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/s.exec(source.identifier) ?? [];
  const open = Object.hasOwn(KINDS, scheme) ? KINDS[scheme] : undefined;
  if (open === undefined) {
    throw new EngineError(
      'notImplemented',
      `source ${JSON.stringify(source.identifier.slice(0, 200))} is not supported`,
    );
  }
  const demand = [...source.attrs.keys()].find((name) => UNSUPPORTED.test(name));
  if (demand !== undefined) throw new EngineError('notImplemented', `attribute ${demand} of a source is not supported`);
  return open({ identifier: source.identifier, name, attrs: source.attrs, platform }, deps);
}
