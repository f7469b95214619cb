import { posix } from 'node:path';
import { EngineError, errnoOf, invalid } from '../../../base/errors.ts';
import { readInRoot } from '../../../linux/index.ts';
import { ignoreRules, parseIgnoreFile } from '../../../spec/index.ts';
import type { RootFiles } from '../../../store/index.ts';
import type { BuildContext } from './build-context.ts';

const USUAL_NAME = 'Dockerfile';
const FILE_BYTES_MAX = 2 << 20;
const IGNORE_FILE = '.dockerignore';

/** Reads the Dockerfile of a context. '' stands for the usual one. @throws EngineError failed; invalid for an empty one */
export function findDockerfile(path: string, wanted: string): Pick<BuildContext, 'dockerfile' | 'dockerfilePath'> {
  const name = wanted === '' ? USUAL_NAME : wanted;
  const place = posix.normalize(name);
  if (place === '..' || place.startsWith('../')) {
    throw new EngineError('failed', `forbidden path outside the build context: ${name} ()`);
  }
  for (const dockerfilePath of name === USUAL_NAME ? [USUAL_NAME, USUAL_NAME.toLowerCase()] : [place]) {
    const text = read(path, dockerfilePath);
    if (text === '') throw invalid(`the Dockerfile (${name}) cannot be empty`);
    if (text !== undefined) return { dockerfile: text, dockerfilePath };
  }
  throw new EngineError('failed', `Cannot locate specified Dockerfile: ${name}`);
}

/** Removes the Dockerfile and `.dockerignore` from a context whose `.dockerignore` says so. The client has removed the rest. */
export async function removeIgnored(
  rootFiles: Pick<RootFiles, 'remove'>,
  { path, dockerfile }: { readonly path: string; readonly dockerfile: string },
  signal: AbortSignal,
): Promise<void> {
  const text = read(path, IGNORE_FILE);
  if (text === undefined) return;
  const rules = ignoreRules(parseIgnoreFile(text));
  for (const file of [IGNORE_FILE, dockerfile.replace(/^\/+/, '')]) {
    if (rules.ignores(file)) await rootFiles.remove({ root: path, path: file, mayBeMissing: true }, signal);
  }
}

/** Undefined where no file is. */
function read(root: string, path: string): string | undefined {
  try {
    return readInRoot(root, path, FILE_BYTES_MAX)?.toString('utf8');
  } catch (error) {
    if (['EISDIR', 'ENOENT', 'ENOTDIR', 'ELOOP'].includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
}
