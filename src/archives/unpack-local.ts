import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  constants,
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
import { errnoOf, invalid } from '../base/errors.ts';
import { showName, type TarEntry, type TarSink } from '../io/index.ts';
import { CAPABILITY, type CopyPlan, renamed } from './copy-plan.ts';

/** Far more than any image has. A hostile engine must not fill the memory. */
const CAPABLE_FILES_MAX = 10_000;
const CAPABILITY_BYTES_MAX = 64;
const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;

/**
 * Writes an archive from an engine below a local directory. The engine is not trusted: nothing is written through a
 * symlink, whether the archive made it or not, and no name or link leaves the directory. As with docker, the user owns
 * the files.
 */
export class LocalUntar implements TarSink, Disposable {
  readonly #plan: CopyPlan;
  /** Paths that are known to be directories, not symlinks. */
  readonly #checked = new Set<string>(['']);
  readonly #directories: (readonly [path: Buffer, entry: TarEntry])[] = [];
  /** Files that came with capabilities, for the caller to set. */
  readonly capabilities: (readonly [path: Buffer, value: Buffer])[] = [];
  #file = -1;
  #entry: TarEntry | undefined;

  constructor(plan: CopyPlan) {
    this.#plan = plan;
  }

  entry(entry: TarEntry): void {
    const path = this.#inside(entry.name);
    if (path === '') return;
    this.#ensureParents(path);
    const target = this.#at(path);
    const existing = lstatSync(target, { throwIfNoEntry: false });
    if (existing !== undefined) {
      const isDirectory = existing.isDirectory();
      if (isDirectory !== (entry.type === 'directory')) {
        const [old, made] = isDirectory ? ['directory', 'non-directory'] : ['non-directory', 'directory'];
        const text = `cannot overwrite ${old} ${showName(target.toString('latin1'))} with ${made} ${showName(this.#plan.directory)}`;
        throw invalid(text);
      }
      if (!isDirectory) rmSync(target);
    }
    this.#make(path, target, entry, existing !== undefined);
  }

  data(chunk: Buffer): void {
    for (let at = 0; at < chunk.length; ) at += writeSync(this.#file, chunk, at);
  }

  end(): void {
    if (this.#file < 0 || this.#entry === undefined) return;
    fchmodSync(this.#file, this.#entry.mode);
    const time = seconds(this.#entry);
    futimesSync(this.#file, time, time);
    this[Symbol.dispose]();
  }

  /** Directories get their modes and times last: writing into them changes the times, and a mode may forbid writing. */
  finish(): void {
    for (const [path, entry] of this.#directories.reverse()) {
      chmodSync(path, entry.mode);
      utimesSync(path, seconds(entry), seconds(entry));
    }
  }

  [Symbol.dispose](): void {
    if (this.#file >= 0) closeSync(this.#file);
    this.#file = -1;
  }

  #make(path: string, target: Buffer, entry: TarEntry, exists: boolean): void {
    switch (entry.type) {
      case 'directory':
        if (!exists) mkdirSync(target, 0o700);
        this.#checked.add(path);
        this.#directories.push([target, entry]);
        return;
      case 'file':
        this.#file = openSync(target, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
        this.#entry = entry;
        this.#noteCapabilities(target, entry.xattrs?.get(CAPABILITY));
        return;
      case 'symlink':
        symlinkSync(Buffer.from(entry.linkName, 'latin1'), target);
        lutimesSync(target, seconds(entry), seconds(entry));
        return;
      case 'link': {
        const source = this.#inside(entry.linkName);
        this.#ensureParents(source);
        linkSync(this.#at(source), target);
        return;
      }
      default:
        makeNode(target, entry);
    }
  }

  #noteCapabilities(path: Buffer, value: Buffer | undefined): void {
    if (value === undefined || value.length > CAPABILITY_BYTES_MAX) return;
    if (this.capabilities.length < CAPABLE_FILES_MAX) this.capabilities.push([path, Buffer.from(value)]);
  }

  /**
   * The path below the directory, renamed by the plan. '' is the directory itself. @throws EngineError when it is
   * elsewhere
   */
  #inside(name: string): string {
    const parts = renamed(name, this.#plan)
      .split('/')
      .filter((part) => part !== '' && part !== '.');
    if (parts.includes('..')) throw invalid(`invalid archive: ${showName(name)} is outside of the target`);
    return parts.join('/');
  }

  #at(path: string): Buffer {
    return Buffer.concat([Buffer.from(`${this.#plan.directory.replace(/\/$/, '')}/`), Buffer.from(path, 'latin1')]);
  }

  #ensureParents(path: string): void {
    for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
      const parent = path.slice(0, slash);
      if (this.#checked.has(parent)) continue;
      const target = this.#at(parent);
      try {
        mkdirSync(target, 0o755);
      } catch (error) {
        if (errnoOf(error) !== 'EEXIST') throw error;
        if (!lstatSync(target).isDirectory()) throw invalid(`invalid archive: ${showName(parent)} is not a directory`);
      }
      this.#checked.add(parent);
    }
  }
}

function seconds({ mtimeSeconds, mtimeNanos }: TarEntry): Date {
  return new Date(mtimeSeconds * 1000 + mtimeNanos / 1e6);
}

/** Node lacks mknod. */
function makeNode(path: Buffer, entry: TarEntry): void {
  const { type, deviceMajor, deviceMinor } = entry;
  const kind = type === 'fifo' ? ['p'] : [type === 'block' ? 'b' : 'c', String(deviceMajor), String(deviceMinor)];
  execFileSync('mknod', ['--mode', entry.mode.toString(8), '--', path.toString(), ...kind], { stdio: 'pipe' });
}
