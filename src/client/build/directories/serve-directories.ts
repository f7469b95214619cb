import { closeSync, constants, openSync, readSync } from 'node:fs';
import { code, GrpcError, type Init, type Message, type Metadata, type Served, serve } from '../../../grpc/index.ts';
import { fileSync } from '../../../grpc/messages/filesync.ts';
import { type packet, packetPacketType as TYPE } from '../../../grpc/messages/fsutil.ts';
import { followPaths } from './follow-paths.ts';
import { listTree } from './list-tree.ts';
import { pathChoice } from './path-choice.ts';

type PacketInit = Init<typeof packet>;

/** Of a file, as builders expect. */
const CHUNK_BYTES = 32 * 1024;
const scratch = Buffer.allocUnsafe(CHUNK_BYTES);

/** Serves directories of this machine to builds, by fsutil's protocol. The engine asks for a directory by its name. */
export function serveDirectories(directories: Readonly<Record<string, string>>): readonly Served[] {
  return serve(fileSync, {
    async *DiffCopy(requests, { metadata }) {
      const name = valuesOf(metadata, 'dir-name')[0] ?? '';
      const root = Object.hasOwn(directories, name) ? directories[name] : undefined;
      if (root === undefined) throw new GrpcError(code.notFound, `no access allowed to dir ${JSON.stringify(name)}`);
      yield* sendTree(root, metadata, requests);
    },
  });
}

async function* sendTree(
  root: string,
  metadata: Metadata,
  requests: AsyncIterable<Message<typeof packet>>,
): AsyncGenerator<PacketInit> {
  const wanted = valuesOf(metadata, 'followpaths');
  const choice = pathChoice({
    include: valuesOf(metadata, 'include-patterns'),
    exclude: valuesOf(metadata, 'exclude-patterns'),
    follow: wanted.length === 0 ? undefined : followPaths(root, wanted),
  });
  const files = new Map<number, string>();
  let entries = 0;
  for (const { stat, at, isFile } of listTree(root, choice)) {
    if (isFile) files.set(entries, at);
    entries += 1;
    yield { type: TYPE.PACKET_STAT, stat };
  }
  yield { type: TYPE.PACKET_STAT };
  for await (const { type, ID: id, data } of requests) {
    if (type === TYPE.PACKET_FIN) {
      yield { type: TYPE.PACKET_FIN };
      return;
    }
    if (type === TYPE.PACKET_ERR) throw new GrpcError(code.unknown, `error from receiver: ${data.toString()}`);
    if (type !== TYPE.PACKET_REQ) throw new GrpcError(code.invalidArgument, `unexpected packet of type ${type}`);
    const path = files.get(id);
    if (path === undefined) throw new GrpcError(code.invalidArgument, `no file ${id}`);
    files.delete(id);
    for (const chunk of contentOf(path)) yield { type: TYPE.PACKET_DATA, ID: id, data: chunk };
    yield { type: TYPE.PACKET_DATA, ID: id };
  }
}

/** A file that cannot be opened is empty, as other clients send it; the engine notices that its size differs. */
function* contentOf(path: string): Generator<Buffer> {
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return;
  }
  try {
    for (;;) {
      const count = readSync(descriptor, scratch);
      if (count === 0) return;
      // A copy: most files are small, and a buffer for each of them costs more than its content.
      yield Buffer.from(scratch.subarray(0, count));
    }
  } finally {
    closeSync(descriptor);
  }
}

/** Values of a request. They are escaped as in queries when one of them is not ASCII. */
function valuesOf(metadata: Metadata, name: string): readonly string[] {
  const values = metadata.all(name);
  if (metadata.get(`${name}-encoded`) !== '1') return values;
  return values.map((value) => decodeURIComponent(value.replaceAll('+', ' ')));
}
