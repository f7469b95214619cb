import { finished, type Readable } from 'node:stream';
import { messageOf } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { holdVolume } from './hold-volume.ts';
import type { VolumeDataDeps } from './volume-data-deps.ts';

/** Packs a volume. It is held until the stream has ended or is destroyed. See {@link VolumeData}. */
export async function exportVolume(
  deps: VolumeDataDeps & { readonly logger: Logger },
  name: string,
  signal: AbortSignal,
): Promise<Readable> {
  await using held = new AsyncDisposableStack();
  const { data } = held.use(await holdVolume(deps, name, 'export'));
  const bytes = await deps.trees.pack(data, signal);
  const kept = held.move();
  finished(bytes, { writable: false }, () => {
    kept.disposeAsync().catch((error: unknown) => {
      deps.logger.warn({ volume: name, error: messageOf(error) }, 'cannot unmount a volume after its export');
    });
  });
  return bytes;
}
