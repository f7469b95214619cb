import { type LlbEdge, sourceNode } from '../llb/index.ts';

export interface LocalSource {
  /** The name of the client's directory. */
  readonly name: string;
  readonly sessionId: string;
  /** Sources with equal hints may share what a client has sent before. */
  readonly sharedKeyHint: string;
  /** What the client sees. */
  readonly title: string;
  readonly followPaths?: readonly string[] | undefined;
  readonly excludePatterns?: readonly string[];
  /** Files that are sent anew each time. */
  readonly isSmall?: boolean;
}

/** A directory of the client as a step. */
export function localEdge(source: LocalSource): LlbEdge {
  const { followPaths = [], excludePatterns = [] } = source;
  const node = sourceNode({
    identifier: `local://${source.name}`,
    attributes: {
      ...(source.isSmall ? { 'local.differ': 'none' } : {}),
      ...(excludePatterns.length === 0 ? {} : { 'local.excludepatterns': JSON.stringify(excludePatterns) }),
      ...(followPaths.length === 0 ? {} : { 'local.followpaths': JSON.stringify(followPaths) }),
      'local.session': source.sessionId,
      'local.sharedkeyhint': source.sharedKeyHint,
    },
    metadata: { description: new Map([['llb.customname', source.title]]) },
  });
  return { node, output: 0 };
}
