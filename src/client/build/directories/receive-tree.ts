import {
  chmodSync,
  closeSync,
  fchmodSync,
  futimesSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { failed, invalid } from '../../../base/errors.ts';
import type { Init, Message } from '../../../grpc/index.ts';
import { type packet, type Stat, packetPacketType as TYPE } from '../../../grpc/messages/fsutil.ts';
import { fromGoMode } from '../../../spec/index.ts';

/**
 * Writes the directories and files that a builder sends into a folder, beside what is there. The files belong to the caller.
 * Yields the answers. @throws EngineError invalid for a path that leads out of the folder
 */
export async function* receiveTree(
  folder: string,
  packets: AsyncIterable<Message<typeof packet>>,
): AsyncGenerator<Init<typeof packet>> {
  mkdirSync(folder, { recursive: true });
  const receiver = new Receiver(folder);
  for await (const { type, stat, ID: id, data } of packets) {
    if (type === TYPE.PACKET_ERR) throw failed(`error from sender: ${data.toString()}`);
    if (type === TYPE.PACKET_FIN) return;
    if (type === TYPE.PACKET_DATA) receiver.data(id, data);
    else if (type === TYPE.PACKET_STAT && stat !== undefined) {
      const wanted = receiver.entry(stat);
      if (wanted !== undefined) yield { type: TYPE.PACKET_REQ, ID: wanted };
    } else if (type === TYPE.PACKET_STAT) receiver.listed();
    if (receiver.finish()) yield { type: TYPE.PACKET_FIN };
  }
}

interface WantedFile {
  readonly path: string;
  readonly stat: Stat;
  descriptor: number | undefined;
}

class Receiver {
  readonly #folder: string;
  readonly #directories = new Set<string>(['']);
  readonly #times: (readonly [string, bigint])[] = [];
  readonly #wanted = new Map<number, WantedFile>();
  #entries = 0;
  #isListed = false;
  #isFinished = false;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Makes an entry. Returns the id of a file whose content is needed. */
  entry(stat: Stat): number | undefined {
    const id = this.#entries;
    this.#entries += 1;
    const path = this.#pathOf(stat.path);
    const { kind } = fromGoMode(stat.mode, stat.path);
    if (kind === 'directory') this.#directory(path, stat);
    else if (kind !== 'file' && kind !== 'symlink')
      throw invalid(`${stat.path} is a device or a pipe: export it as a tar archive`);
    else {
      rmSync(path, { force: true });
      if (kind === 'symlink') {
        symlinkSync(stat.linkname, path);
        lutimesSync(path, secondsOf(stat.modTime), secondsOf(stat.modTime));
      } else if (stat.linkname !== '') linkSync(this.#pathOf(stat.linkname), path);
      else {
        this.#wanted.set(id, { path, stat, descriptor: undefined });
        return id;
      }
    }
    return undefined;
  }

  data(id: number, data: Buffer): void {
    const file = this.#wanted.get(id);
    if (file === undefined) throw invalid(`content came for file ${id}, which was not asked for`);
    file.descriptor ??= openSync(file.path, 'wx', 0o600);
    if (data.length > 0) {
      for (let at = 0; at < data.length; ) at += writeSync(file.descriptor, data, at);
      return;
    }
    // By the descriptor: by now the builder may have put a symlink in the file's place.
    fchmodSync(file.descriptor, fromGoMode(file.stat.mode, file.stat.path).permissions);
    futimesSync(file.descriptor, secondsOf(file.stat.modTime), secondsOf(file.stat.modTime));
    closeSync(file.descriptor);
    this.#wanted.delete(id);
  }

  listed(): void {
    this.#isListed = true;
  }

  /** Returns true once, when everything has come. */
  finish(): boolean {
    if (!this.#isListed || this.#wanted.size > 0 || this.#isFinished) return false;
    for (const [path, time] of this.#times.toReversed()) utimesSync(path, secondsOf(time), secondsOf(time));
    this.#isFinished = true;
    return true;
  }

  #directory(path: string, { mode, modTime, path: name }: Stat): void {
    if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) {
      rmSync(path, { force: true });
      mkdirSync(path);
    }
    chmodSync(path, fromGoMode(mode, name).permissions);
    this.#directories.add(name);
    this.#times.push([path, modTime]);
  }

  /** A path is only reached through directories of the listing. */
  #pathOf(path: string): string {
    const parts = path.split('/');
    const isClean = parts.every((part) => !['', '.', '..'].includes(part)) && !path.includes('\0');
    if (!isClean || !this.#directories.has(parts.slice(0, -1).join('/')))
      throw invalid(`the builder sent an invalid path: ${JSON.stringify(path)}`);
    return join(this.#folder, path);
  }
}

function secondsOf(nanoseconds: bigint): number {
  return Number(nanoseconds) / 1e9;
}
