import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, invalid, messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import { detachMount, isMountPoint } from '../../linux/index.ts';
import {
  hasQuotas,
  makeQuotaImage,
  mountQuotaImage,
  mountQuotaImageNow,
  QUOTA_BYTES_MAX,
  QUOTA_BYTES_MIN,
  unmountQuotaImage,
} from '../../quota/index.ts';
import type { SnapshotPaths } from './paths.ts';

/** Ends the name of an image that is being made. */
const PARTIAL = '.partial';

/**
 * Writables of a limited size. The folder of such a writable is the mount point of an image from its creation to its
 * removal, so that its files are where those of other writables are. An engine that stops unmounts the folders of
 * containers that do not run, and the next one mounts them again.
 */
export class LimitedWritables {
  readonly #paths: SnapshotPaths;
  readonly #discard: (path: string) => void;
  /** Those whose image could not be mounted: their files are safe, and out of reach. */
  readonly #unreachable = new Set<string>();

  /** Mounts every folder that is not mounted. Deletes images that a crash left incomplete. */
  constructor(paths: SnapshotPaths, { discard, logger }: { discard: (path: string) => void; logger: Logger }) {
    this.#paths = paths;
    this.#discard = discard;
    mkdirSync(paths.limited, { recursive: true, mode: 0o700 });
    for (const name of readdirSync(paths.limited)) {
      if (name.endsWith(PARTIAL)) discard(this.#image(name));
      else if (!isMountPoint(paths.writable(name))) this.#mountAgain(name, logger);
    }
  }

  /** Limits the empty folder of a writable. @throws EngineError invalid with dockerd's text, noSpace, failed */
  async limit(id: string, sizeBytes: number): Promise<void> {
    if (!hasQuotas()) throw invalid("--storage-opt is supported only for overlay over xfs with 'pquota' mount option");
    if (sizeBytes < QUOTA_BYTES_MIN || sizeBytes > QUOTA_BYTES_MAX)
      throw invalid('--storage-opt: the size must be from 4m to 8t');
    const image = this.#image(id);
    await makeQuotaImage(image, { sizeBytes, partial: `${image}${PARTIAL}` });
    await mountQuotaImage(image, this.#paths.writable(id));
  }

  /** Unmounts a writable's folder and discards its image. Idempotent; does nothing for a writable without a limit. */
  remove(id: string): void {
    if (!existsSync(this.#image(id))) return;
    detach(this.#paths.writable(id));
    this.#discard(this.#image(id));
  }

  has(id: string): boolean {
    return existsSync(this.#image(id));
  }

  isUnreachable(id: string): boolean {
    return this.#unreachable.has(id);
  }

  /** Unmounts the folders that nothing uses. */
  async rest(isUsed: (id: string) => boolean): Promise<void> {
    const idle = readdirSync(this.#paths.limited).filter((id) => !isUsed(id) && isMountPoint(this.#paths.writable(id)));
    await Promise.all(idle.map((id) => unmountQuotaImage(this.#paths.writable(id))));
  }

  #image(name: string): string {
    return join(this.#paths.limited, name);
  }

  #mountAgain(id: string, logger: Logger): void {
    const folder = this.#paths.writable(id);
    try {
      mkdirSync(folder, { recursive: true, mode: 0o711 });
      mountQuotaImageNow(this.#image(id), folder);
    } catch (error) {
      this.#unreachable.add(id);
      logger.error({ writable: id, error: messageOf(error) }, 'cannot mount a writable layer of a limited size');
    }
  }
}

function detach(path: string): void {
  try {
    while (detachMount(path));
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}
