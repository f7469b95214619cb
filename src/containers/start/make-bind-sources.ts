import { mkdirSync, statSync } from 'node:fs';
import { errnoOf, failed } from '../../base/errors.ts';
import type { MountRecord } from '../model/record.ts';

/** Makes the missing folders on the host that binds given by `-v` name. @throws EngineError internal */
export function makeBindSources(mounts: readonly MountRecord[]): void {
  for (const { makesSource, Source: path } of mounts) {
    if (makesSource !== true || statSync(path, { throwIfNoEntry: false }) !== undefined) continue;
    try {
      mkdirSync(path, { recursive: true, mode: 0o755 });
    } catch (error) {
      const reason = errnoOf(error) ?? String(error);
      throw failed(`error while creating mount source path '${path}': mkdir ${path}: ${reason}`, error);
    }
  }
}
