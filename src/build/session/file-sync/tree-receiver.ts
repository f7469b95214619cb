import { type BigIntStats, closeSync, fchmodSync, writeSync } from 'node:fs';
import { EngineError, failed, invalid } from '../../../base/errors.ts';
import { type Packet, type Stat, packetPacketType as TYPE } from '../../../grpc/messages/fsutil.ts';
import { setOpenFileTimes } from '../../../linux/index.ts';
import { fromGoMode } from '../../../spec/index.ts';
import type { ReceivedTree } from '../session.ts';
import { type Entry, FolderWriter } from './folder-writer.ts';
import { isCleanPath, Listing, show, TREE_LIMITS, type TreeLimits } from './listing.ts';
import { setXattrs } from './xattrs.ts';

/** A file whose content comes. */
interface WantedFile extends Entry {
  /** Whether nothing is at its place before. */
  readonly isNew: boolean;
  writtenBytes: number;
  /** Undefined while it is closed. */
  descriptor: number | undefined;
}

/** Senders have few files under way; those of others are closed and opened again. */
const OPEN_AT_MOST = 64;
/** How much longer than it was listed a file may be: it may grow while it is sent. */
const GROWTH_BYTES = 64 * 1024 * 1024;
/** Paths of files that are asked for and have not come. */
const WANTED_PATH_BYTES = 256 * 1024 * 1024;

/**
 * The receiving side of fsutil's protocol, for packets one by one: makes a folder equal to the sender's. What the folder
 * has already is not asked for. Nothing that the sender says is trusted. Synchronous, for a thread.
 */
export class TreeReceiver implements Disposable {
  readonly #folder: FolderWriter;
  readonly #listing: Listing;
  readonly #reusesFiles: boolean;
  readonly #wanted = new Map<number, WantedFile>();
  readonly #open = new Set<WantedFile>();
  #requests: number[] = [];
  #wantedPathBytes = 0;
  #sizeBytes = 0;
  #isListed = false;
  #isFinished = false;

  /** `reusesFiles`: whether a file of equal size and time is not asked for. */
  constructor(
    folder: string,
    { reusesFiles, limits = TREE_LIMITS }: { readonly reusesFiles: boolean; readonly limits?: TreeLimits },
  ) {
    this.#reusesFiles = reusesFiles;
    this.#listing = new Listing(limits);
    this.#folder = new FolderWriter(folder);
  }

  /** Takes a packet of the sender. @throws EngineError invalid, tooLarge, failed; errors of the system */
  take({ type, stat, ID: id, data }: Packet): void {
    if (type === TYPE.PACKET_ERR) throw failed(`error from sender: ${data.toString()}`);
    if (this.#isFinished) throw invalid('a packet came after the end of a transfer');
    if (type === TYPE.PACKET_STAT) {
      if (this.#isListed) throw invalid('a file came after the end of a listing');
      if (stat === undefined) this.#isListed = true;
      else this.#entry(stat);
    } else if (type === TYPE.PACKET_DATA) this.#data(id, data);
    else throw invalid(`unexpected packet of type ${type}`);
  }

  /** Ids of files to ask for, since the last call. */
  takeRequests(): readonly number[] {
    const requests = this.#requests;
    this.#requests = [];
    return requests;
  }

  /** Ends the work once everything has come. Undefined before. @throws EngineError invalid */
  finish(): ReceivedTree | undefined {
    if (!this.#isListed || this.#wanted.size > 0 || this.#isFinished) return undefined;
    this.#isFinished = true;
    this.#folder.finish();
    return { hasChanged: this.#folder.hasChanged, sizeBytes: this.#sizeBytes };
  }

  #entry(stat: Stat): void {
    const id = this.#listing.entries;
    const { path } = stat;
    const { name, closed } = this.#listing.next(path);
    const { kind, permissions } = fromGoMode(stat.mode, path);
    const entry: Entry = {
      ...{ path, name, kind, permissions },
      modified: stat.modTime,
      sizeBytes: stat.size,
      xattrs: stat.xattrs,
    };
    this.#folder.leave(closed);
    const before = this.#folder.before(name);
    if (kind === 'directory') {
      this.#listing.enter(path);
      this.#folder.directory(entry, before);
    } else if (kind === 'symlink') {
      if (stat.linkname === '' || stat.linkname.includes('\0')) throw invalid(`symlink ${show(path)} has no target`);
      this.#folder.symlink(entry, stat.linkname, before);
    } else if (kind !== 'file') {
      this.#folder.node(entry, { major: stat.devmajor, minor: stat.devminor }, before);
    } else if (stat.linkname === '') {
      this.#file(id, entry, before);
    } else {
      if (!isCleanPath(stat.linkname)) throw invalid(`${show(path)} has an invalid link: ${show(stat.linkname)}`);
      this.#folder.link(entry, stat.linkname);
    }
  }

  #file(id: number, entry: Entry, before: BigIntStats | undefined): void {
    if (entry.sizeBytes < 0) throw invalid(`file ${show(entry.path)} has a negative size`);
    this.#sizeBytes += entry.sizeBytes;
    if (this.#reusesFiles && this.#folder.keepFile(entry, before)) return;
    const isNew = this.#folder.clearForFile(entry, before);
    this.#want(id, { ...entry, isNew, writtenBytes: 0, descriptor: undefined });
  }

  #want(id: number, file: WantedFile): void {
    this.#wantedPathBytes += file.path.length;
    if (this.#wantedPathBytes > WANTED_PATH_BYTES) throw new EngineError('tooLarge', 'too many files under way');
    this.#wanted.set(id, file);
    this.#requests.push(id);
  }

  #data(id: number, data: Buffer): void {
    const file = this.#wanted.get(id);
    if (file === undefined) throw invalid(`content came for file ${id}, which was not asked for`);
    const descriptor = this.#opened(file);
    if (data.length === 0) {
      this.#wanted.delete(id);
      this.#wantedPathBytes -= file.path.length;
      this.#complete(file, descriptor);
      return;
    }
    if (file.writtenBytes + data.length > file.sizeBytes + GROWTH_BYTES) {
      throw invalid(`file ${show(file.path)} is larger than announced`);
    }
    for (let at = 0; at < data.length; ) {
      const count = writeSync(descriptor, data, at, data.length - at, file.writtenBytes);
      at += count;
      file.writtenBytes += count;
    }
  }

  #opened(file: WantedFile): number {
    if (file.descriptor !== undefined) return file.descriptor;
    const [oldest] = this.#open;
    if (this.#open.size >= OPEN_AT_MOST && oldest !== undefined) this.#close(oldest);
    file.descriptor = this.#folder.openFile(file.path, file.writtenBytes === 0);
    this.#open.add(file);
    return file.descriptor;
  }

  #complete(file: WantedFile, descriptor: number): void {
    this.#folder.changed();
    fchmodSync(descriptor, file.permissions);
    setXattrs(this.#folder.pathOf(file.path), file.xattrs, file.isNew);
    // Last: a file with this time is complete.
    setOpenFileTimes(descriptor, file.modified, file.modified);
    this.#close(file);
  }

  #close(file: WantedFile): void {
    this.#open.delete(file);
    if (file.descriptor !== undefined) closeSync(file.descriptor);
    file.descriptor = undefined;
  }

  [Symbol.dispose](): void {
    for (const file of this.#open) this.#close(file);
    this.#folder[Symbol.dispose]();
  }
}
