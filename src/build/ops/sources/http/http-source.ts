import { createHash } from 'node:crypto';
import { EngineError, invalid } from '../../../../base/errors.ts';
import type { Digest } from '../../../../base/ids.ts';
import { fetchFile, type RemoteFile } from '../../../../distribution/index.ts';
import type { Op, StepContext } from '../../../solver/index.ts';
import type { Tree } from '../../../tree.ts';
import { askSessions } from '../ask-sessions.ts';
import type { Source, SourceDeps } from '../source.ts';
import { type Download, type Incoming, writeDownload } from './download.ts';
import { conditionsOf, type HttpRecord, recordKey, storeRecord } from './http-records.ts';
import { type HttpWish, nameOfResponse, readHttpWish, SESSION_HOST } from './http-wish.ts';

export interface HttpCall {
  readonly deps: SourceDeps;
  readonly wish: HttpWish;
  readonly context: StepContext;
}

/**
 * A file by its address, or by one of the client's own addresses (`http://buildkit-session/…`). The key is that of its bytes: they are downloaded for
 * it, unless the server says that they are those of the last time, or the graph names their checksum.
 */
export function httpSource(source: Source, deps: SourceDeps): Op<Tree> {
  const wish = readHttpWish(source);
  let download: Download | undefined;
  let expected = wish.checksum;
  return {
    async cacheKey(context) {
      if (wish.checksum !== undefined) {
        return { digest: keyOf(wish, wish.checksum, nameOfResponse(wish.url, undefined)), isLazy: true };
      }
      const found = await findFile({ deps, wish, context });
      if ('seal' in found) download = found;
      expected = found.digest;
      return { digest: keyOf(wish, found.digest, found.filename) };
    },
    async run(_inputs, context) {
      const found = download ?? (await fetch({ deps, wish, context }));
      if (expected !== undefined && found.digest !== expected) {
        throw invalid(`digest mismatch ${found.digest}: ${expected}`);
      }
      return [await found.seal(context)];
    },
  };
}

function keyOf(wish: HttpWish, content: Digest, filename: string): Digest {
  const { permissions, uid, gid } = wish;
  const text = JSON.stringify(['http', content, wish.filename ?? filename, permissions, uid, gid]);
  return `sha256:${createHash('sha256').update(text).digest('hex')}` as Digest;
}

/** Asks the server for the file, unless it has not changed. */
export async function findFile(call: HttpCall): Promise<Download | HttpRecord> {
  const { deps, wish } = call;
  if (isUpload(wish)) return await fetch(call);
  const key = recordKey(wish);
  const records = deps.ports.table<HttpRecord>('build_http');
  const known = key === undefined ? undefined : records.get(key);
  await using file = await openFile(call, conditionsOf(known));
  if (file.isUnchanged && known !== undefined) {
    storeRecord(records, { ...known, usedAt: Date.now() });
    return known;
  }
  const download = await receive(call, file);
  if (key !== undefined) {
    const { digest, filename } = download;
    const { etag, 'last-modified': lastModified } = file.headers;
    storeRecord(records, { key, etag, lastModified, digest, filename, usedAt: Date.now() });
  }
  return download;
}

async function fetch(call: HttpCall): Promise<Download> {
  const { deps, wish, context } = call;
  if (isUpload(wish)) return await writeDownload(deps, { wish, incoming: await uploadOf(call) }, context);
  await using file = await openFile(call, {});
  return await receive(call, file);
}

async function openFile(call: HttpCall, conditions: Readonly<Record<string, string>>): Promise<RemoteFile> {
  const { deps, wish, context } = call;
  const headers = { ...wish.headers, ...(await authorizationOf(call)), ...conditions };
  return await fetchFile({ url: wish.url, headers }, deps.ports.proxyOf, context.signal);
}

async function receive({ deps, wish, context }: HttpCall, file: RemoteFile): Promise<Download> {
  const { headers, sizeBytes, body } = file;
  const incoming: Incoming = {
    filename: wish.filename ?? nameOfResponse(file.url, headers['content-disposition']),
    modified: Date.parse(headers['last-modified'] ?? '') || 0,
    ...{ body, sizeBytes },
  };
  return await writeDownload(deps, { wish, incoming }, context);
}

function isUpload({ url }: HttpWish): boolean {
  return new URL(url).host === SESSION_HOST;
}

/** @throws EngineError notFound */
async function uploadOf({ deps, wish, context }: HttpCall): Promise<Incoming> {
  const { url } = wish;
  const body = await askSessions(deps, context, async (session) =>
    session.upload(url, context.signal).catch((error: unknown) => {
      if (error instanceof EngineError && ['notFound', 'notImplemented'].includes(error.kind)) return undefined;
      throw error;
    }),
  );
  if (body === undefined) throw new EngineError('notFound', `no client has ${url}`);
  return { filename: wish.filename ?? nameOfResponse(url, undefined), body, sizeBytes: undefined, modified: 0 };
}

async function authorizationOf({ deps, wish, context }: HttpCall): Promise<Readonly<Record<string, string>>> {
  const { authorizationSecret: id } = wish;
  if (id === undefined) return {};
  const secret = await askSessions(deps, context, (session) => session.secret(id, context.signal));
  const value = secret?.toString().trim() ?? '';
  if (/[\r\n]/.test(value)) throw invalid(`secret ${id} is no header`);
  return value === '' ? {} : { authorization: value };
}
