import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, mkdirSync } from 'node:fs';
import { readdir, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { errnoOf } from '../../base/errors.ts';
import type { Progress } from '../solver/index.ts';

const BATCH = 500;

/** What builds told their clients: a compressed file for each, with a line of JSON for each piece. */
export class LogFiles {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  /** Writes the log of a build. @throws system errors */
  async write(id: string, log: AsyncIterable<readonly Progress[]>): Promise<void> {
    const path = this.#path(id);
    const target = createWriteStream(`${path}.new`, { mode: 0o600 });
    await pipeline(Readable.from(linesOf(log)), createGzip({ level: 1 }), target);
    await rename(`${path}.new`, path);
  }

  /** Reads it back, in pieces. Nothing for an unknown build. @throws system errors */
  async *read(id: string): AsyncGenerator<readonly Progress[], void, undefined> {
    const source = createReadStream(this.#path(id));
    const plain = createGunzip();
    source.on('error', (error) => plain.destroy(error));
    const lines = createInterface({ input: source.pipe(plain), crlfDelay: Number.POSITIVE_INFINITY });
    let batch: Progress[] = [];
    try {
      for await (const line of lines) {
        batch.push(JSON.parse(line, revive) as Progress);
        if (batch.length < BATCH) continue;
        yield batch;
        batch = [];
      }
      if (batch.length > 0) yield batch;
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
    } finally {
      source.destroy();
    }
  }

  /** Removes the log of a build. Idempotent. */
  async remove(id: string): Promise<void> {
    await unlink(this.#path(id)).catch(() => {});
  }

  /** Removes the files of all other builds, and unfinished ones. */
  async keepOnly(ids: readonly string[]): Promise<void> {
    const kept = new Set(ids.map((id) => nameOf(id)));
    for (const name of await readdir(this.#folder)) {
      if (!kept.has(name)) await unlink(join(this.#folder, name)).catch(() => {});
    }
  }

  #path(id: string): string {
    return join(this.#folder, nameOf(id));
  }
}

/** Ids are the client's: they may have any characters. */
function nameOf(id: string): string {
  return `${createHash('sha256').update(id).digest('hex')}.gz`;
}

async function* linesOf(log: AsyncIterable<readonly Progress[]>): AsyncGenerator<string, void, undefined> {
  for await (const pieces of log) yield `${pieces.map((piece) => JSON.stringify(piece, pack)).join('\n')}\n`;
}

/** Bytes as base64. `toJSON` of a Buffer has been called before. */
function pack(_key: string, value: unknown): unknown {
  if (value instanceof Uint8Array) return { base64: Buffer.from(value).toString('base64') };
  if (isBufferJson(value)) return { base64: Buffer.from(value.data).toString('base64') };
  return value;
}

function isBufferJson(value: unknown): value is { readonly data: number[] } {
  return typeof value === 'object' && value !== null && 'type' in value && value.type === 'Buffer' && 'data' in value;
}

function revive(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('base64' in value)) return value;
  return typeof value.base64 === 'string' ? Buffer.from(value.base64, 'base64') : value;
}
