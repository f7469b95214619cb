import { rmdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';

/** Removes the folder that a Dockerfile from standard input was put in. */
export function removeTemporary(folder: string): void {
  unlinkSync(join(folder, 'dockerfile/Dockerfile'));
  rmdirSync(join(folder, 'dockerfile'));
  rmdirSync(join(folder, 'context'));
  rmdirSync(folder);
}
