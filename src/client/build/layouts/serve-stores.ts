import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, existsSync, mkdirSync, statSync } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { digestHex, parseDigest } from '../../../base/ids.ts';
import { code, GrpcError, type Init, type Message, type Served, serve } from '../../../grpc/index.ts';
import { content, type writeContentRequest, type writeContentResponse } from '../../../grpc/messages/content.ts';
import type { LayoutStore } from '../builder.ts';

type WriteRequest = Message<typeof writeContentRequest>;
type WriteResponse = Init<typeof writeContentResponse>;

/** Of containerd's `WriteAction`. */
const ACTION = { stat: 0, write: 1, commit: 2 } as const;
const CHUNK_BYTES = 1024 * 1024;

/** Lets the builder read the blobs of OCI layouts, by the names of their stores, and write into those that are for it. */
export function serveStores(stores: Readonly<Record<string, LayoutStore>>): readonly Served[] {
  if (Object.keys(stores).length === 0) return [];
  const storeOf = (id = ''): LayoutStore => {
    const store = Object.hasOwn(stores, id) ? stores[id] : undefined;
    if (store === undefined) throw new GrpcError(code.notFound, `no content store ${id}`);
    return store;
  };
  const writableFolder = (id: string | undefined): string => {
    const { path, isWritable } = storeOf(id);
    if (!isWritable) throw new GrpcError(code.permissionDenied, `content store ${id} is only for reading`);
    return path;
  };
  const blobOf = (metadata: { get(name: string): string | undefined }, digest: string): string => {
    const { path: folder } = storeOf(metadata.get(STORE));
    const path = blobPath(folder, digest);
    if (!existsSync(path)) throw new GrpcError(code.notFound, `content ${digest}: not found`);
    return path;
  };
  return serve(content, {
    async Info({ digest }, { metadata }) {
      return { info: { digest, size: statSync(blobOf(metadata, digest)).size } };
    },
    async *Read({ digest, offset, size }, { metadata }) {
      const range = size > 0 ? { start: offset, end: offset + size - 1 } : { start: offset };
      let at = offset;
      for await (const data of createReadStream(blobOf(metadata, digest), { ...range, highWaterMark: CHUNK_BYTES })) {
        yield { offset: at, data: data as Buffer };
        at += (data as Buffer).length;
      }
    },
    Write: (requests, { metadata }) => write(writableFolder(metadata.get(STORE)), requests),
    async Status({ ref }) {
      throw new GrpcError(code.notFound, `no write ${ref}`);
    },
    async Abort() {
      return {};
    },
  });
}

const STORE = 'buildkit-attachable-store-id';

/** @throws GrpcError invalidArgument */
function blobPath(folder: string, digest: string): string {
  try {
    return join(folder, 'blobs/sha256', digestHex(parseDigest(digest)));
  } catch (error) {
    throw new GrpcError(code.invalidArgument, `invalid digest ${JSON.stringify(digest)}`, { cause: error });
  }
}

/** A blob appears in its place when it is complete, and is not written to afterwards. The folder is made. @throws GrpcError alreadyExists, failedPrecondition */
async function* write(folder: string, requests: AsyncIterable<WriteRequest>): AsyncGenerator<WriteResponse> {
  const temporary = join(folder, 'ingest', randomUUID());
  mkdirSync(dirname(temporary), { recursive: true });
  let file: FileHandle | undefined;
  const hash = createHash('sha256');
  let offset = 0;
  try {
    file = await open(temporary, 'wx');
    for await (const { action, expected, total, data, offset: at } of requests) {
      if (expected !== '' && existsSync(blobPath(folder, expected)))
        throw new GrpcError(code.alreadyExists, `content ${expected}: already exists`);
      if (action !== ACTION.stat && at !== offset)
        throw new GrpcError(code.outOfRange, `write at ${at}, not ${offset}`);
      if (data.length > 0) {
        await file.writeFile(data);
        hash.update(data);
        offset += data.length;
      }
      if (action === ACTION.commit) {
        const digest = `sha256:${hash.copy().digest('hex')}`;
        if ((expected !== '' && expected !== digest) || (total > 0 && total !== offset))
          throw new GrpcError(code.failedPrecondition, `unexpected commit digest ${digest}, expected ${expected}`);
        const path = blobPath(folder, digest);
        mkdirSync(dirname(path), { recursive: true });
        await rename(temporary, path);
        yield { action, offset, total: offset, digest };
        return;
      }
      yield { action, offset, total };
    }
  } finally {
    await file?.close();
    await rm(temporary, { force: true });
  }
}
