import * as z from 'zod/mini';
import { formatNanos } from '../../../base/time.ts';
import type { Containers } from '../../../containers/index.ts';
import type { PathStat } from '../../../store/index.ts';
import { queryBool, queryPath } from '../../codec/query.ts';
import { defineRoute } from '../../route.ts';
import { sending } from '../sending.ts';

const PATH = '/containers/:id+/archive';

/** HEAD /containers/{id}/archive: describes the file at a path, in a header. */
export const statContainerPath = defineRoute({
  method: 'HEAD',
  path: PATH,
  query: z.object({ path: queryPath('path') }),
  async handle({ params, query, signal }, containers: Pick<Containers, 'statPath'>) {
    const stat = await containers.statPath(params['id'] ?? '', query.path, signal);
    return { status: 200, headers: statHeader(stat) };
  },
});

/** GET /containers/{id}/archive: returns a file or directory as a tar. */
export const copyFromContainer = defineRoute({
  method: 'GET',
  path: PATH,
  query: z.object({ path: queryPath('path') }),
  async handle({ params, query, signal }, containers: Pick<Containers, 'copyFrom'>) {
    const { stat, bytes } = await containers.copyFrom(params['id'] ?? '', query.path, signal);
    return { status: 200, contentType: 'application/x-tar', headers: statHeader(stat), write: sending(bytes) };
  },
});

/** PUT /containers/{id}/archive: unpacks a tar into a directory. */
export const copyToContainer = defineRoute({
  method: 'PUT',
  path: PATH,
  stream: true,
  query: z.object({ path: queryPath('path'), noOverwriteDirNonDir: queryBool(), copyUIDGID: queryBool() }),
  async handle({ params, query, stream, signal }, containers: Pick<Containers, 'copyTo'>) {
    const options = { keepDirectories: query.noOverwriteDirNonDir, ownedByUser: query.copyUIDGID };
    await containers.copyTo(params['id'] ?? '', { path: query.path, archive: stream, options }, signal);
    return { status: 200 };
  },
});

function statHeader({ name, size, mode, mtimeNanos, linkTarget }: PathStat): Record<string, string> {
  const stat = JSON.stringify({ name, size, mode, mtime: formatNanos(mtimeNanos), linkTarget });
  return { 'X-Docker-Container-Path-Stat': Buffer.from(stat).toString('base64') };
}
