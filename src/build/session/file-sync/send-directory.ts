import { type BigIntStats, constants } from 'node:fs';
import { lstat, open, readdir, readlink } from 'node:fs/promises';
import { failed, invalid } from '../../../base/errors.ts';
import type { ClientCall, GrpcClient, Init, Message } from '../../../grpc/index.ts';
import { fileSend } from '../../../grpc/messages/filesync.ts';
import { packet, type stat, packetPacketType as TYPE } from '../../../grpc/messages/fsutil.ts';
import { deviceMajor, deviceMinor, getXattr, listXattrs, S_IF } from '../../../linux/index.ts';
import { toGoMode } from '../../../spec/index.ts';
import { exporterMetadata } from '../send-file.ts';
import type { SendDirectory } from '../session.ts';
import { compareNames } from './listing.ts';
import { isClientXattr } from './xattrs.ts';

type PacketCall = ClientCall<Init<typeof packet>, Message<typeof packet>>;
type StatInit = Init<typeof stat>;

/** Of a file, as clients expect. */
const CHUNK_BYTES = 32 * 1024;
/** Packets of a listing that go together. */
const LISTED_TOGETHER = 64;
/** Declared with messages of bytes, it carries packets for directories. */
const SEND_PACKETS = { ...fileSend.DiffCopy, request: packet, response: packet };

/**
 * Sends the client folders: first the listing, then the files that the client asks for. Resolves when the client has written
 * all. Nobody may change the folders meanwhile. @throws EngineError, GrpcError
 */
export async function sendDirectory(client: GrpcClient, request: SendDirectory, signal: AbortSignal): Promise<void> {
  const stop = new AbortController();
  const call = client.call(
    SEND_PACKETS,
    { metadata: exporterMetadata(request) },
    AbortSignal.any([signal, stop.signal]),
  );
  const sending = new Sending(call, request);
  try {
    const listing = sending.list();
    listing.catch((error: unknown) => stop.abort(error));
    await sending.answer();
    await listing;
  } finally {
    stop.abort();
  }
}

/** A path in the listing, and where it is on the host. */
interface Place {
  readonly path: string;
  readonly at: string;
}

class Sending {
  readonly #call: PacketCall;
  readonly #trees: SendDirectory['trees'];
  readonly #progress: SendDirectory['progress'];
  /** Paths of regular files on the host, by the number of their packet. */
  readonly #files = new Map<number, string>();
  readonly #links = new Map<string, string>();
  #entries = 0;
  #bytes = 0;

  constructor(call: PacketCall, { trees, progress }: SendDirectory) {
    this.#call = call;
    this.#trees = trees;
    this.#progress = progress;
  }

  async list(): Promise<void> {
    let batch: Init<typeof packet>[] = [];
    for await (const found of this.#listing()) {
      batch.push({ type: TYPE.PACKET_STAT, stat: found });
      if (batch.length < LISTED_TOGETHER) continue;
      await this.#call.sendAll(batch);
      batch = [];
    }
    await this.#call.sendAll([...batch, { type: TYPE.PACKET_STAT }]);
  }

  /** Sends files as the client asks for them, until it has all. */
  async answer(): Promise<void> {
    for await (const { type, ID: id, data } of this.#call.responses) {
      if (type === TYPE.PACKET_REQ) await this.#sendFile(id);
      else if (type === TYPE.PACKET_ERR) throw failed(`error from receiver: ${data.toString()}`);
      else if (type === TYPE.PACKET_FIN) {
        await this.#call.send({ type: TYPE.PACKET_FIN });
        this.#call.end();
        this.#progress?.(this.#bytes, true);
      }
    }
  }

  async *#listing(): AsyncGenerator<StatInit> {
    for (const { root, folder } of this.#trees) {
      if (folder !== '') yield* this.#entry({ path: folder, at: root });
      else yield* this.#walk('', root);
    }
  }

  async *#walk(directory: string, at: string): AsyncGenerator<StatInit> {
    const names = (await readdir(at, 'buffer')).map((name) => textOf(name, directory));
    for (const name of names.sort(compareNames)) {
      yield* this.#entry({ path: directory === '' ? name : `${directory}/${name}`, at: `${at}/${name}` });
    }
  }

  async *#entry(place: Place): AsyncGenerator<StatInit> {
    const found = await lstat(place.at, { bigint: true });
    const described = await this.#describe(place, found);
    if (described === undefined) return;
    if (found.isFile()) this.#files.set(this.#entries, place.at);
    this.#entries += 1;
    yield described;
    if (found.isDirectory()) yield* this.#walk(place.path, place.at);
  }

  /** Undefined for a socket. */
  async #describe({ path, at }: Place, found: BigIntStats): Promise<StatInit | undefined> {
    const mode = toGoMode(Number(found.mode));
    if (mode === undefined) return undefined;
    const linked = this.#linkOf(path, found);
    const type = Number(found.mode) & S_IF.MT;
    const isDevice = type === S_IF.BLK || type === S_IF.CHR;
    return {
      ...{ path, mode, uid: Number(found.uid), gid: Number(found.gid), modTime: found.mtimeNs },
      size: found.isFile() && linked === undefined ? Number(found.size) : 0,
      linkname: found.isSymbolicLink() ? await readlink(at) : (linked ?? ''),
      devmajor: isDevice ? deviceMajor(Number(found.rdev)) : 0,
      devminor: isDevice ? deviceMinor(Number(found.rdev)) : 0,
      xattrs: xattrsOf(at),
    };
  }

  /** The path under which a file with several names was listed before. */
  #linkOf(path: string, found: BigIntStats): string | undefined {
    if (!found.isFile() || found.nlink < 2n) return undefined;
    const key = `${found.dev}:${found.ino}`;
    const known = this.#links.get(key);
    if (known === undefined) this.#links.set(key, path);
    return known;
  }

  async #sendFile(id: number): Promise<void> {
    const at = this.#files.get(id);
    if (at === undefined) throw invalid(`the client asked for file ${id}, which does not exist`);
    this.#files.delete(id);
    await using file = await open(at, constants.O_RDONLY | constants.O_NOFOLLOW);
    for (;;) {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(CHUNK_BYTES), 0, CHUNK_BYTES, null);
      const isOpen = await this.#call.send({ type: TYPE.PACKET_DATA, ID: id, data: buffer.subarray(0, bytesRead) });
      this.#bytes += bytesRead;
      this.#progress?.(this.#bytes, false);
      if (bytesRead === 0 || !isOpen) return;
    }
  }
}

function xattrsOf(path: string): ReadonlyMap<string, Uint8Array> {
  const names = listXattrs(path).filter(isClientXattr);
  return new Map(names.map((name) => [name, getXattr(path, name) ?? Buffer.alloc(0)]));
}

function textOf(name: Buffer, directory: string): string {
  const text = name.toString();
  if (Buffer.from(text).equals(name)) return text;
  throw invalid(`a file name in ${JSON.stringify(directory)} is not UTF-8: ${JSON.stringify(text)}`);
}
