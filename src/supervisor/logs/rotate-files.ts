import { renameSync, rmSync } from 'node:fs';
import { errnoOf } from '../../base/errors.ts';

/** A rotated file is plain until it has been compressed, and stays plain when that fails. */
const FORMS = ['', '.gz'] as const;

/**
 * Renames `x` to `x.1`, after `x.1` to `x.2` and so on, plain or compressed. The file beyond `maxFiles` files is
 * replaced. When a rename fails, this throws, and `x` and every file that was not renamed stay: the call may be
 * repeated.
 */
export function rotateFiles(path: string, maxFiles: number): void {
  for (let n = maxFiles - 1; n > 1; n--) replace(`${path}.${n - 1}`, `${path}.${n}`);
  replace(path, `${path}.1`, ['']);
}

function replace(from: string, to: string, forms: readonly string[] = FORMS): void {
  const moved = forms.filter((form) => renamed(`${from}${form}`, `${to}${form}`));
  if (moved.length === 0) return;
  for (const form of FORMS) if (!moved.includes(form)) rmSync(`${to}${form}`, { force: true });
}

/** Returns false when there is no such file. */
function renamed(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    return false;
  }
}
