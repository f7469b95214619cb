import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, messageOf, notFound } from '../../base/errors.ts';
import { type Digest, digestHex } from '../../base/ids.ts';
import type { Logger } from '../../base/logger.ts';
import { writeFileAtomic } from '../../io/index.ts';
import { removeTree } from '../../linux/index.ts';
import { folderOf, type LayerKey, type LayerRecord } from './layer.ts';
import type { SnapshotPaths } from './paths.ts';

/** The key of a layer that is the same over any other layers: it depends only on its diffID. */
export function soloKey(diffId: Digest): LayerKey {
  return `diff-${digestHex(diffId)}` as LayerKey;
}

/**
 * Whether a key is one of {@link soloKey}. Only the overlay driver makes such keys, and the first layer of every image
 * has one.
 */
export function isSoloKey(key: string): boolean {
  return key.startsWith('diff-');
}

/** The key of a layer as unpacked over its parents (OCI image specification, config.md, ChainID). */
export function chainKey(diffIds: readonly Digest[]): LayerKey {
  let chain = '';
  for (const diffId of diffIds) {
    chain = chain === '' ? diffId : `sha256:${createHash('sha256').update(`${chain} ${diffId}`).digest('hex')}`;
  }
  return `chain-${digestHex(chain as Digest)}` as LayerKey;
}

/**
 * Whether reading a record failed because it is absent or incomplete, and not because of an error of the disk or of
 * this process.
 */
export function wasNeverWhole(error: unknown): boolean {
  return error instanceof SyntaxError || ['ENOENT', 'ENOTDIR', 'EISDIR'].includes(errnoOf(error) ?? '');
}

/** The layers, in memory. The layer.json in each folder is the truth. */
export class LayerTable {
  readonly #paths: SnapshotPaths;
  readonly #records = new Map<LayerKey, LayerRecord>();
  /** Keys of sealed layers that have got another one. */
  readonly #aliases = new Map<LayerKey, LayerKey>();
  #lastLink = 0;

  constructor(paths: SnapshotPaths, logger: Logger) {
    this.#paths = paths;
    mkdirSync(paths.layers, { recursive: true, mode: 0o711 });
    mkdirSync(paths.links, { recursive: true, mode: 0o711 });
    const links = new Set<string>();
    for (const name of readdirSync(paths.layers)) {
      try {
        const record = JSON.parse(readFileSync(join(paths.layers, name, 'layer.json'), 'utf8')) as LayerRecord;
        this.add(record);
        links.add(record.link);
        this.#lastLink = Math.max(this.#lastLink, Number.parseInt(record.link, 36));
      } catch (error) {
        if (!wasNeverWhole(error)) {
          logger.error({ layer: name, error: messageOf(error) }, 'cannot read the record of a layer');
          continue;
        }
        // A layer is renamed into place as a whole: one without a record is damaged. It is unpacked again when it is
        // needed.
        logger.warn({ layer: name, error: messageOf(error) }, 'removing a layer without a readable record');
        removeTree(join(paths.layers, name));
      }
    }
    for (const name of readdirSync(paths.links)) if (!links.has(name)) rmSync(join(paths.links, name));
  }

  /** Finds a layer by its key, or by the key under which it was sealed. */
  get(key: LayerKey): LayerRecord | undefined {
    return this.#records.get(key) ?? this.#records.get(this.#aliases.get(key) ?? key);
  }

  /** Finds layers by their keys. @throws EngineError notFound */
  getAll(keys: readonly LayerKey[]): readonly LayerRecord[] {
    return keys.map((key) => {
      const found = this.get(key);
      if (found === undefined) throw notFound('layer', key);
      return found;
    });
  }

  all(): readonly LayerRecord[] {
    return [...this.#records.values()];
  }

  /** The top layer of a chain: independent of the others, or unpacked over them. */
  find(diffIds: readonly Digest[]): LayerRecord | undefined {
    const top = diffIds.at(-1);
    if (top === undefined) return undefined;
    return this.#records.get(soloKey(top)) ?? this.#records.get(chainKey(diffIds));
  }

  /** Every layer of a chain, bottom first. @throws EngineError notFound */
  chain(diffIds: readonly Digest[]): readonly LayerRecord[] {
    return diffIds.map((diffId, index) => {
      const found = this.find(diffIds.slice(0, index + 1));
      if (found === undefined) throw notFound('layer', diffId);
      return found;
    });
  }

  /** Makes a layer's link again. */
  relink(layer: LayerRecord): void {
    const path = join(this.#paths.links, layer.link);
    removeTree(path);
    symlinkSync(join('..', 'layers', folderOf(layer), 'fs'), path);
  }

  /** Makes a link for a layer that is about to be moved into place. */
  newLink(key: LayerKey): string {
    this.#lastLink += 1;
    const link = this.#lastLink.toString(36);
    symlinkSync(join('..', 'layers', key, 'fs'), join(this.#paths.links, link));
    return link;
  }

  add(record: LayerRecord): void {
    this.#records.set(record.key, record);
    if (record.sealedAs !== undefined) this.#aliases.set(record.sealedAs, record.key);
  }

  /** Gives a sealed layer its diffIDs and the key that goes with them. The old key leads to it too. */
  identify(sealed: LayerRecord, known: Pick<LayerRecord, 'key' | 'diffIds'>): void {
    const record = { ...sealed, ...known };
    writeFileAtomic(join(this.#paths.layer(record), 'layer.json'), JSON.stringify(record));
    this.#records.delete(sealed.key);
    this.add(record);
  }

  remove(record: LayerRecord): void {
    this.#records.delete(record.key);
    if (record.sealedAs !== undefined) this.#aliases.delete(record.sealedAs);
    rmSync(join(this.#paths.links, record.link), { force: true });
  }
}
