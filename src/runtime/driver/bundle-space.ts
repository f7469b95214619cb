import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { spaceError } from '../../io/index.ts';
import { taskLayout } from '../../spec/index.ts';

/** More than a start writes below the exec root, the runtime's own files included. */
const BUNDLE_BYTES = 64 << 10;

/** Checks that the exec root has space for the bundle of a container that runs. Blocks. @throws EngineError noSpace */
export function checkBundleSpace(execRoot: string, containerId: string): void {
  const path = join(taskLayout(execRoot, { containerId }).folder, 'space');
  try {
    writeFileSync(path, Buffer.alloc(BUNDLE_BYTES), { mode: 0o600 });
  } catch (error) {
    throw spaceError(error);
  } finally {
    rmSync(path, { force: true });
  }
}
