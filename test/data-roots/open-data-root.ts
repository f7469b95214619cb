import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import type { Expected } from './fill.ts';

/** A copy of a data root of an earlier release, deleted when disposed of. */
export interface EarlierDataRoot extends Disposable {
  readonly path: string;
  /** The release's report, with `path` in place of its data root. */
  readonly expected: Expected;
}

const FOLDER = dirname(import.meta.filename);

/** The releases that have left a data root. */
export function earlierReleases(): readonly string[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith('.tar.zst'))
    .map((name) => name.slice(0, -'.tar.zst'.length))
    .sort();
}

export function openDataRoot(release: string): EarlierDataRoot {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-earlier-'));
  execFileSync('tar', ['-x', '--numeric-owner', '--xattrs', '--xattrs-include=*', '-C', folder], {
    input: zstdDecompressSync(readFileSync(join(FOLDER, `${release}.tar.zst`))),
  });
  const path = join(folder, 'data');
  const told = readFileSync(join(folder, 'expected.json'), 'utf8');
  return {
    path,
    expected: JSON.parse(told.replaceAll(/\/[\w./-]*\/gantry-data-root-\w+\/data(?=[/"])/g, path)) as Expected,
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}
