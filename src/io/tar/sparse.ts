import { invalid } from '../../base/errors.ts';
import type { SparseRegion } from './entry.ts';
import { number } from './header.ts';
import { decimal, type Extensions } from './pax.ts';

/** GNU tar's form of a sparse file: its full size, and the location of the map. */
export interface SparseFile {
  readonly fileSize: number;
  /** Undefined when the map precedes the data (format 1.0). */
  readonly regions: SparseRegion[] | undefined;
}

/** Reads the formats in pax records: 0.0, 0.1 and 1.0. Undefined when the entry is not sparse. */
export function sparseOfPax(extensions: Extensions): SparseFile | undefined {
  const { sparse, sparseNumbers } = extensions;
  if (sparse === undefined) return undefined;
  const fileSize = decimal(sparse.get('realsize') ?? sparse.get('size') ?? '', 'GNU.sparse.size');
  if (sparse.get('major') === '1' && sparse.get('minor') === '0') return { fileSize, regions: undefined };
  const map = sparse.get('map');
  const numbers =
    map === undefined || map === '' ? (sparseNumbers ?? []) : map.split(',').map((part) => decimal(part, 'map'));
  const blocks = sparse.get('numblocks');
  if (blocks !== undefined && decimal(blocks, 'numblocks') * 2 !== numbers.length)
    throw broken('its map has the wrong length');
  return { fileSize, regions: pairs(numbers) };
}

/**
 * Reads the map of the old GNU format (type `S`): up to four regions in the header, and more in following blocks when
 * `more`.
 */
export function sparseOfHeader(block: Buffer): {
  readonly fileSize: number;
  readonly regions: SparseRegion[];
  more: boolean;
} {
  return { fileSize: number(block, 483, 12, 'size'), regions: oldRegions(block, 386, 4), more: block[482] !== 0 };
}

/** Reads one block of the old format's further regions. */
export function moreSparseRegions(block: Buffer): { readonly regions: SparseRegion[]; readonly more: boolean } {
  return { regions: oldRegions(block, 0, 21), more: block[504] !== 0 };
}

function oldRegions(block: Buffer, at: number, count: number): SparseRegion[] {
  const regions: SparseRegion[] = [];
  for (let index = 0; index < count; index++) {
    const position = at + index * 24;
    if (block[position] === 0) break;
    regions.push({ offset: number(block, position, 12, 'offset'), length: number(block, position + 12, 12, 'length') });
  }
  return regions;
}

/**
 * Reads the map of format 1.0 before the data: decimal numbers, one per line, the number of regions first, padded to a
 * whole block.
 */
export class SparseMapReader {
  readonly #maxRegions: number;
  readonly #blocks: Buffer[] = [];
  #lines = 0;
  #wantedLines: number | undefined;

  constructor(maxRegions: number) {
    this.#maxRegions = maxRegions;
  }

  /** Returns the regions when `block` was the last of the map. */
  add(block: Buffer): SparseRegion[] | undefined {
    this.#blocks.push(Buffer.from(block));
    for (const byte of block) if (byte === 0x0a) this.#lines++;
    this.#wantedLines ??= this.#countLines();
    if (this.#lines < this.#wantedLines) return undefined;
    const lines = Buffer.concat(this.#blocks).toString('latin1').split('\n', this.#wantedLines);
    return pairs(lines.slice(1).map((line) => decimal(line, 'map')));
  }

  /** Reads the number of lines from the first line, which is in the first block. */
  #countLines(): number {
    const block = this.#blocks[0] ?? Buffer.alloc(0);
    const end = block.indexOf(0x0a);
    const count = decimal(block.toString('latin1', 0, Math.max(end, 0)), 'count');
    if (count > this.#maxRegions) throw broken(`its map has more than ${this.#maxRegions} regions`);
    return 1 + 2 * count;
  }
}

/** @throws EngineError invalid unless the regions ascend, lie within the file and hold exactly the stored bytes */
export function checkRegions(regions: readonly SparseRegion[], fileSize: number, storedBytes: number): void {
  let end = 0;
  let stored = 0;
  for (const { offset, length } of regions) {
    if (offset < end || offset + length > fileSize) throw broken('its regions overlap or leave the file');
    end = offset + length;
    stored += length;
  }
  if (stored !== storedBytes) throw broken(`its regions hold ${stored} bytes, the archive ${storedBytes}`);
}

function pairs(numbers: readonly number[]): SparseRegion[] {
  if (numbers.length % 2 !== 0) throw broken('its map has an odd length');
  const regions: SparseRegion[] = [];
  for (let index = 0; index + 1 < numbers.length; index += 2) {
    regions.push({ offset: numbers[index] ?? 0, length: numbers[index + 1] ?? 0 });
  }
  return regions;
}

function broken(why: string): Error {
  return invalid(`archive/tar: invalid sparse file: ${why}`);
}
