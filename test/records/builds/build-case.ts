import { chmodSync, mkdirSync, readdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Builds that are compared with dockerd's. Each file of `cases/` holds several:
 *
 *     === name of the build
 *     # a comment
 *     --- args
 *     --build-arg A=1
 *     --- Dockerfile
 *     FROM busybox
 *     --- file dir/name 0755
 *     content
 *     --- dir empty 0700
 *     --- link name -> target
 *
 * `{dir}` in an argument is the folder of the build. The context is `{dir}`, unless `args` ends with another one after
 * a word `--`.
 */
export interface BuildCase {
  readonly name: string;
  /** Arguments of `docker buildx build`. */
  readonly args: readonly string[];
  readonly parts: readonly CasePart[];
}

interface CasePart {
  readonly kind: 'file' | 'dir' | 'link';
  readonly path: string;
  readonly mode: number;
  readonly text: string;
}

const FOLDER = new URL('./cases/', import.meta.url);
/** Times of all files, so that both engines see the same. */
const TIME = 1_700_000_000;

export function readCases(): readonly BuildCase[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith('.txt'))
    .sort()
    .flatMap((name) =>
      readFileSync(new URL(name, FOLDER), 'utf8')
        .split(/^=== /m)
        .slice(1)
        .map((text) => readCase(text, name.replace(/\.txt$/, ''))),
    );
}

function readCase(text: string, group: string): BuildCase {
  const [title = '', ...sections] = text.split(/^--- /m);
  const args: string[] = [];
  const parts: CasePart[] = [];
  for (const section of sections) {
    const end = section.indexOf('\n');
    const head = section.slice(0, end);
    const body = section.slice(end + 1);
    if (head === 'args') args.push(...body.split(/\s+/).filter(Boolean));
    else parts.push(readPart(head, body));
  }
  return { name: `${group}: ${title.split('\n')[0]?.trim()}`, args, parts };
}

function readPart(head: string, text: string): CasePart {
  if (head === 'Dockerfile') return { kind: 'file', path: head, mode: 0o644, text };
  const [, link, target] = /^link (.+) -> (.+)$/.exec(head) ?? [];
  if (link !== undefined) return { kind: 'link', path: link, mode: 0, text: target ?? '' };
  const [, kind, path = '', mode] = /^(file|dir) (.+?)(?: ([0-7]{3,4}))?$/.exec(head) ?? [];
  if (kind !== 'file' && kind !== 'dir') throw new Error(`unknown part: ${head}`);
  return { kind, path, mode: Number.parseInt(mode ?? (kind === 'dir' ? '755' : '644'), 8), text };
}

/** Writes the files of a build into an empty folder. */
export function writeCase({ parts }: BuildCase, folder: string): void {
  for (const { kind, path, mode, text } of parts) {
    const place = join(folder, path);
    mkdirSync(dirname(place), { recursive: true, mode: 0o755 });
    if (kind === 'dir') mkdirSync(place);
    else if (kind === 'link') symlinkSync(text, place);
    else writeFileSync(place, text);
    if (kind === 'link') continue;
    chmodSync(place, mode);
    utimesSync(place, TIME, TIME);
  }
}
