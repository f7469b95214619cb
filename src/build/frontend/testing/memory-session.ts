import { createGrpcServer, type GrpcServer, type Init, serve } from '../../../grpc/index.ts';
import { fileSync } from '../../../grpc/messages/filesync.ts';
import { type Packet, type packet, packetPacketType } from '../../../grpc/messages/fsutil.ts';
import { health } from '../../../grpc/messages/health.ts';

/** Directories of a client, by name: `context`, `dockerfile`. Each has the text of its files by path, without folders. */
export type MemoryDirectories = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** What BuildKit asked the session for: a directory, and the patterns that it named. */
export interface DirectoryRequest {
  readonly name: string;
  readonly followPaths: readonly string[];
  readonly excludePatterns: readonly string[];
  readonly includePatterns: readonly string[];
}

export const SESSION_METHODS = [fileSync.DiffCopy.path, health.Check.path];

/** A client's session that serves files from memory. */
export function memorySession(directories: MemoryDirectories, requests: DirectoryRequest[]): GrpcServer {
  return createGrpcServer([
    ...serve(health, { Check: async () => ({ status: 1 }) }),
    ...serve(fileSync, {
      async *DiffCopy(packets, { metadata }) {
        const name = metadata.get('dir-name') ?? '';
        requests.push({
          name,
          followPaths: metadata.all('followpaths'),
          excludePatterns: metadata.all('exclude-patterns'),
          includePatterns: metadata.all('include-patterns'),
        });
        yield* sendFiles(Object.entries(directories[name] ?? {}).sort(), packets);
      },
    }),
  ]);
}

/** The bit of a directory in Go's modes. */
const GO_DIRECTORY = 2 ** 31;

/** Puts folders before their files. Files of one folder follow each other. */
function* withFolders(files: readonly (readonly [string, string])[]): Iterable<readonly [string, string | undefined]> {
  const made = new Set<string>();
  for (const [path, text] of files) {
    for (let at = path.indexOf('/'); at > 0; at = path.indexOf('/', at + 1)) {
      const folder = path.slice(0, at);
      if (!made.has(folder)) yield [folder, undefined];
      made.add(folder);
    }
    yield [path, text];
  }
}

function statPacket(path: string, mode: number, size: number): Init<typeof packet> {
  return { type: packetPacketType.PACKET_STAT, stat: { path, mode, size } };
}

async function* sendFiles(
  files: readonly (readonly [path: string, text: string])[],
  packets: AsyncIterable<Packet>,
): AsyncGenerator<Init<typeof packet>> {
  const ids = new Map<number, string>();
  for (const [path, text] of withFolders(files)) {
    if (text === undefined) yield statPacket(path, GO_DIRECTORY + 0o755, 0);
    else yield statPacket(path, 0o644, Buffer.byteLength(text));
    ids.set(ids.size, text ?? '');
  }
  yield { type: packetPacketType.PACKET_STAT };
  for await (const { type, ID } of packets) {
    if (type === packetPacketType.PACKET_FIN) break;
    if (type !== packetPacketType.PACKET_REQ) continue;
    yield { type: packetPacketType.PACKET_DATA, ID, data: Buffer.from(ids.get(ID) ?? '') };
    yield { type: packetPacketType.PACKET_DATA, ID };
  }
  yield { type: packetPacketType.PACKET_FIN };
}
