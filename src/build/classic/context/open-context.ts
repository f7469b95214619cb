import { mkdir, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { decompress } from '../../../io/index.ts';
import { removeTree } from '../../../linux/index.ts';
import type { ClassicPorts } from '../ports.ts';
import type { ClassicRequest } from '../request.ts';
import type { BuildContext } from './build-context.ts';
import { fetchRemote } from './fetch-remote.ts';
import { findDockerfile, removeIgnored } from './find-dockerfile.ts';

export type OpenContextPorts = Pick<ClassicPorts, 'snapshots' | 'fetch' | 'folder'>;

/**
 * Receives or downloads the files of a build into a folder of their own, which goes when the result is disposed. Archives are
 * unpacked in a thread that is confined to that folder.
 * @throws EngineError invalid for a hostile or broken archive; noSpace, cancelled; failed without a Dockerfile
 */
export async function openContext(
  ports: OpenContextPorts,
  request: Pick<ClassicRequest, 'body' | 'remote' | 'dockerfile'>,
  signal: AbortSignal,
): Promise<BuildContext & AsyncDisposable> {
  await mkdir(ports.folder, { recursive: true, mode: 0o700 });
  await using undo = new AsyncDisposableStack();
  const folder = await mkdtemp(join(ports.folder, 'build-'));
  undo.defer(() => removeTree(folder));
  const files = join(folder, 'context');
  await mkdir(files, { mode: 0o755 });
  const { path, dockerfile } =
    request.remote === ''
      ? { path: await unpackBody(ports, files, request.body, signal), dockerfile: request.dockerfile }
      : await fetchRemote(ports, { ...request, files }, signal);
  const found = findDockerfile(path, dockerfile);
  await removeIgnored(ports.snapshots.rootFiles, { path, dockerfile: found.dockerfilePath }, signal);
  const kept = undo.move();
  return { folder, path, ...found, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

async function unpackBody(
  { snapshots }: OpenContextPorts,
  files: string,
  body: ClassicRequest['body'],
  signal: AbortSignal,
): Promise<string> {
  const { stream } = await decompress(body);
  await snapshots.trees.unpack(files, stream, signal);
  return files;
}
