import { readdirSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { errnoOf } from '../base/errors.ts';

/** What is in a folder; nothing where there is none. @throws the system's other errors */
export async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/** As {@link namesIn}, at once. */
export function namesInSync(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}
