import { readdirSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { errnoOf } from '../base/errors.ts';

/** Lists the names in a folder. Empty when the folder does not exist. @throws the system's other errors */
export async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/** As {@link namesIn}, synchronously. */
export function namesInSync(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}
