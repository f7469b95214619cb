import { EngineError } from '../../base/errors.ts';
import type { LlbSource } from '../llb/index.ts';
import type { FrontendBridge } from './bridge.ts';
import { type BuildContext, readOptional } from './build-context.ts';

/** Reads the Dockerfile, also one whose name is in lower case. @throws EngineError */
export async function readDockerfile(
  bridge: FrontendBridge,
  { dockerfile, filename }: BuildContext,
  signal: AbortSignal,
): Promise<LlbSource> {
  const lower = filename.replace(/(^|\/)Dockerfile$/, '$1dockerfile');
  for (const path of new Set([filename, lower])) {
    const text = await readOptional(bridge, { edge: dockerfile, path }, signal);
    if (text !== undefined) return { filename: path, language: 'Dockerfile', data: Buffer.from(text) };
  }
  throw new EngineError('notFound', `failed to read dockerfile: open ${filename}: no such file or directory`);
}
