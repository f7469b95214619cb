import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, existsSync, mkdirSync, statSync } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { digestHex, parseDigest } from '../../../base/ids.ts';
import { code, GrpcError, type Init, type Message, type Served, serve } from '../../../grpc/index.ts';
import { content, type writeContentRequest, type writeContentResponse } from '../../../grpc/messages/content.ts';

type WriteRequest = Message<typeof writeContentRequest>;
type WriteResponse = Init<typeof writeContentResponse>;

/** Of containerd's `WriteAction`. */
const ACTION = { stat: 0, write: 1, commit: 2 } as const;
const CHUNK_BYTES = 1024 * 1024;

/** Lets the builder read and write the blobs of OCI layouts, by the names of their stores. The folders are made. */
export function serveStores(stores: Readonly<Record<string, string>>): readonly Served[] {
  if (Object.keys(stores).length === 0) return [];
  const folderOf = (id = ''): string => {
    const folder = Object.hasOwn(stores, id) ? stores[id] : undefined;
    if (folder === undefined) throw new GrpcError(code.notFound, `no content store ${id}`);
    return folder;
  };
  const blobOf = (metadata: { get(name: string): string | undefined }, digest: string): string => {
    const path = blobPath(folderOf(metadata.get(STORE)), digest);
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
    Write: (requests, { metadata }) => write(folderOf(metadata.get(STORE)), requests),
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

/** A blob appears in its place when it is complete. @throws GrpcError alreadyExists, failedPrecondition */
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
      } else yield { action, offset, total };
    }
  } finally {
    await file?.close();
    await rm(temporary, { force: true });
  }
}
