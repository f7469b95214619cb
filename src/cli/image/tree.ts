import { humanSize } from '../../base/sizes.ts';
import type { ImageSummary, ManifestSummary } from '../../client/index.ts';
import type { Cli } from '../cli.ts';
import { CliError } from '../errors.ts';
import type { Flags } from '../flags/parse.ts';
import { truncateId } from '../format/text.ts';

/** docker's layout (docker/cli, cli/command/image/tree.go): the first column gets the rest of the terminal's width. */
const SPACING = 3;
const FIRST_MIN = 12;
const COLUMNS = [
  { title: 'ID', width: 12, align: 'left' },
  { title: 'DISK USAGE', width: 10, align: 'right' },
  { title: 'CONTENT SIZE', width: 12, align: 'right' },
  { title: 'EXTRA', width: 5, align: 'left' },
] as const;

/** An image, or one platform of it. */
interface Line {
  /** Longest first. Each but the last has its own line. */
  readonly names: readonly string[];
  readonly id: string;
  readonly diskUsage: number;
  readonly contentSize: number;
  readonly used: boolean;
  readonly available: boolean;
}

interface Branch extends Line {
  readonly children: readonly Line[];
}

/** Colours a text on a terminal. */
type Paint = (codes: string, text: string) => string;

/** Prints `images --tree`: images with their platforms. */
export function printTree(cli: Cli, images: readonly ImageSummary[], flags: Flags): number {
  for (const [other, called] of [
    ['quiet', 'quiet'],
    ['no-trunc', 'no-trunc'],
    ['digests', 'show-digest'],
    ['format', 'format'],
  ] as const) {
    if (flags.changed(other)) throw new CliError(1, `--${called} is not yet supported with --tree`);
  }
  const shown = flags.bool('all') ? images : images.filter(({ RepoTags: names }) => (names ?? []).length > 0);
  const isTerminal = cli.out.isTerminal;
  const width = (isTerminal && process.stdout.columns) || 80;
  cli.out.write(renderTree(shown.map(branchOf), { width, isTerminal }));
  return 0;
}

function branchOf(image: ImageSummary): Branch {
  const platforms = (image.Manifests ?? []).filter(({ Kind: kind }) => kind === 'image').map(lineOf);
  return {
    names: [...(image.RepoTags ?? [])].sort((a, b) => b.length - a.length),
    id: image.Id,
    diskUsage: image.Size,
    contentSize: platforms.reduce((sum, { contentSize }) => sum + contentSize, 0),
    used: image.Containers > 0 || platforms.some(({ used }) => used),
    available: true,
    children: platforms,
  };
}

function lineOf(manifest: ManifestSummary): Line {
  const { os = 'unknown', architecture = 'unknown', variant } = manifest.ImageData?.Platform ?? {};
  return {
    names: [[os, architecture, variant].filter(Boolean).join('/')],
    id: manifest.ID,
    diskUsage: manifest.Size.Total,
    contentSize: manifest.Size.Content,
    used: (manifest.ImageData?.Containers ?? []).length > 0,
    available: manifest.Available,
  };
}

export function renderTree(
  images: readonly Branch[],
  { width, isTerminal }: { readonly width: number; readonly isTerminal: boolean },
): string {
  const paint: Paint = (codes, text) => (isTerminal && codes !== '' ? `\u001b[${codes}m${text}\u001b[0m` : text);
  const { first, columns } = layout(images, width);
  const gap = ' '.repeat(SPACING);
  const isSpaced = images.some(({ children }) => children.length > 0);
  const row = (line: Line, name: string, nameCodes: string): string => {
    const codes = line.available ? '' : '2';
    const values = [truncateId(line.id), humanSize(line.diskUsage, 3), humanSize(line.contentSize, 3)];
    const cells = columns.map((column, index) =>
      index < values.length
        ? cell(paint(codes, values[index] ?? ''), values[index] ?? '', column)
        : (line.used ? chip(paint, isTerminal) : '').concat(
            ' '.repeat(line.used && isTerminal ? 2 : line.used ? 4 : 5),
          ),
    );
    return [cell(paint(nameCodes, name), name, { width: first, align: 'left' }), ...cells].join(gap);
  };
  const lines = [legend(paint, { width, isTerminal }), ''];
  lines.push(
    ['IMAGE', ...columns.map(({ title }) => title)]
      .map((title, index) => cell(paint('1', title), title, columns[index - 1] ?? { width: first, align: 'left' }))
      .join(gap),
  );
  for (const image of images) {
    const { names } = image;
    lines.push(...names.slice(0, -1).map((name) => paint('1;34', name)));
    lines.push(row(image, shorten(names.at(-1) ?? '<untagged>', first), names.length === 0 ? '2' : '1;34'));
    for (const [index, child] of image.children.entries()) {
      const twig = index === image.children.length - 1 ? '└─ ' : '├─ ';
      lines.push(row(child, shorten(twig + (child.names[0] ?? ''), first), child.available ? '' : '2'));
    }
    if (isSpaced) lines.push('');
  }
  return lines.map((line) => `${line}\n`).join('');
}

/** Omits columns from the right when the names would get too little space. */
function layout(
  images: readonly Branch[],
  width: number,
): { first: number; columns: readonly (typeof COLUMNS)[number][] } {
  let first = width;
  const columns: (typeof COLUMNS)[number][] = [];
  for (const column of COLUMNS) {
    if (first - column.width - SPACING < FIRST_MIN) break;
    first -= column.width + SPACING;
    columns.push(column);
  }
  const names = images.flatMap(({ names: own }) => own.map(({ length }) => length));
  // docker counts the bytes of the branch characters.
  const twigs = images.flatMap(({ children }) => children.map(({ names: [name = ''] }) => name.length + 7));
  return { first: Math.min(first, Math.max('IMAGE'.length, ...names, ...twigs)), columns };
}

function cell(
  painted: string,
  text: string,
  column: { readonly width: number; readonly align: 'left' | 'right' },
): string {
  const fill = ' '.repeat(Math.max(0, column.width - text.length));
  return column.align === 'left' ? painted + fill : fill + painted;
}

function shorten(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
}

/** Marks images that containers use. */
function chip(paint: Paint, isTerminal: boolean): string {
  return isTerminal ? paint('30;106', ' U ') : 'U';
}

function legend(paint: Paint, { width, isTerminal }: { readonly width: number; readonly isTerminal: boolean }): string {
  const text = isTerminal ? 'i Info →   U  In Use ' : 'Info ->  U In Use ';
  const painted = isTerminal ? `${paint('30;106', 'i')} ${paint('96', 'Info → ')} ${chip(paint, true)} In Use ` : text;
  return ' '.repeat(Math.max(0, width - text.length)) + painted;
}
