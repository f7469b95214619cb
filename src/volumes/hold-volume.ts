import type { VolumeRecord } from './record.ts';
import { findVolume, type VolumeDataDeps } from './volume-data-deps.ts';

/** A volume that a job reads: it is neither removed nor renamed, and its driver options are mounted. */
export interface HeldVolume extends AsyncDisposable {
  readonly record: VolumeRecord;
  /** The folder on the host with its content. */
  readonly data: string;
}

let serial = 0;

/**
 * Holds a volume for a job. In errors about a volume in use the job has this name and a number. @throws EngineError
 * notFound
 */
export async function holdVolume(
  { records, uses, mounts }: Pick<VolumeDataDeps, 'records' | 'uses' | 'mounts'>,
  name: string,
  job: string,
): Promise<HeldVolume> {
  const user = `${job}-${serial++}`;
  uses.reference(name, user);
  try {
    const data = await mounts.mountPath(name, user);
    const release = async (): Promise<void> => {
      try {
        await mounts.unmount(name, user);
      } finally {
        uses.release(name, user);
      }
    };
    return { record: findVolume(records, name), data, [Symbol.asyncDispose]: release };
  } catch (error) {
    uses.release(name, user);
    throw error;
  }
}
