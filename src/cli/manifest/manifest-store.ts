import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { errnoOf } from '../../base/errors.ts';
import { writeFileAtomic } from '../../io/index.ts';
import { removeTree } from '../../linux/index.ts';
import { CliError } from '../errors.ts';
import { goEscapes, type ImageManifest, parseImageManifest } from './image-manifest.ts';

/**
 * Lists that are being assembled, in docker's place: `<config>/manifests/<list>/<image>`, one file per image. Names are
 * full references: `docker.io/library/app:latest`.
 */
export class ManifestStore {
  readonly #folder: string;

  constructor(configDir: string) {
    this.#folder = `${configDir}/manifests`;
  }

  /**
   * The list's images in docker's order, that of the file names. Undefined when there is no such list. @throws CliError
   */
  list(list: string): readonly ImageManifest[] | undefined {
    try {
      const names = readdirSync(this.#listFolder(list)).filter((name) => !/\.tmp\d*$/.test(name));
      return names.sort().map((name) => this.#read(`${this.#listFolder(list)}/${name}`));
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  image(list: string, ref: string): ImageManifest | undefined {
    try {
      return this.#read(`${this.#listFolder(list)}/${fileName(ref)}`);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  save(list: string, ref: string, image: ImageManifest): void {
    const folder = this.#listFolder(list);
    mkdirSync(folder, { recursive: true, mode: 0o755 });
    writeFileAtomic(`${folder}/${fileName(ref)}`, goEscapes(JSON.stringify(image)), { mode: 0o644 });
  }

  remove(list: string): void {
    removeTree(this.#listFolder(list));
  }

  #listFolder(list: string): string {
    return `${this.#folder}/${fileName(list)}`;
  }

  #read(path: string): ImageManifest {
    const image = parseImageManifest(readFileSync(path, 'utf8'));
    if (image === undefined) throw new CliError(1, `${path} is damaged. Remove the manifest list and create it again`);
    return image;
  }
}

/** References contain neither `..` nor a leading slash: the path cannot leave the folder. */
function fileName(ref: string): string {
  return ref.replaceAll(':', '-').replaceAll('/', '_');
}
