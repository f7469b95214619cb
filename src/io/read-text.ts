import { readFileSync } from 'node:fs';

/** Reads a small file, as those of /proc and /sys. Returns '' when the file cannot be read. */
export function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
