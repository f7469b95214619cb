import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { Init, Message } from '../../../grpc/index.ts';
import { type packet, packetPacketType as TYPE } from '../../../grpc/messages/fsutil.ts';

export type PacketInit = Init<typeof packet>;

/** What a client saw of a transfer. */
export interface Transfer {
  readonly name: string;
  readonly metadata: ReadonlyMap<string, readonly string[]>;
  /** Paths of files that were asked for. */
  readonly asked: string[];
}

/** The packets of a directory's listing, as clients send them. */
export function listing(directory: string): { readonly packets: readonly PacketInit[]; readonly paths: string[] } {
  const packets: PacketInit[] = [];
  const paths: string[] = [];
  const links = new Map<bigint, string>();
  const walk = (parent: string): void => {
    for (const name of readdirSync(join(directory, parent)).sort()) {
      const path = parent === '' ? name : `${parent}/${name}`;
      const found = lstatSync(join(directory, path), { bigint: true });
      const isLink = found.isFile() && links.has(found.ino);
      const kind = found.isDirectory() ? 2 ** 31 : found.isSymbolicLink() ? 2 ** 27 : found.isFIFO() ? 2 ** 25 : 0;
      const linkname = found.isSymbolicLink() ? readlinkSync(join(directory, path)) : (links.get(found.ino) ?? '');
      if (found.isFile() && !isLink) links.set(found.ino, path);
      const special =
        ((Number(found.mode) & 0o4000) !== 0 ? 2 ** 23 : 0) + ((Number(found.mode) & 0o1000) !== 0 ? 2 ** 20 : 0);
      const size = found.isFile() && !isLink ? Number(found.size) : 0;
      const mode = (Number(found.mode) & 0o777) + kind + special;
      packets.push({ type: TYPE.PACKET_STAT, stat: { path, mode, size, modTime: found.mtimeNs, linkname, uid: 1000 } });
      paths.push(path);
      if (found.isDirectory()) walk(path);
    }
  };
  walk('');
  packets.push({ type: TYPE.PACKET_STAT });
  return { packets, paths };
}

/** Serves a directory to a builder, as a client does. */
export async function* serveDirectory(
  directory: string,
  requests: AsyncIterable<Message<typeof packet>>,
  transfer: Transfer,
): AsyncGenerator<PacketInit> {
  const { packets, paths } = listing(directory);
  yield* packets;
  for await (const { type, ID: id } of requests) {
    if (type === TYPE.PACKET_FIN) {
      yield { type: TYPE.PACKET_FIN };
      return;
    }
    const path = paths[id] ?? '';
    transfer.asked.push(path);
    const content = readFileSync(join(directory, path));
    for (let at = 0; at < content.length; at += 32 * 1024) {
      yield { type: TYPE.PACKET_DATA, ID: id, data: content.subarray(at, at + 32 * 1024) };
    }
    yield { type: TYPE.PACKET_DATA, ID: id };
  }
}
