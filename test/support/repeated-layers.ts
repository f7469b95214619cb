import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { type TarEntry, tarArchive } from './busybox-image.ts';

/** A layer of an image's archive. */
export interface FormLayer {
  readonly entries: readonly TarEntry[];
  /** Number of zeros at the archive's end beyond the two closing blocks: empty archives exist in several sizes. */
  readonly paddingBytes?: number;
  /** Whether it is stored compressed, with the same diffID. */
  readonly isGzip?: boolean;
}

/** An image in which a layer occurs more than once. */
export interface RepeatedForm {
  readonly name: string;
  /** Bottom first. */
  readonly layers: readonly FormLayer[];
}

/** The bytes of which the diffID is the digest. */
export function layerTar({ entries, paddingBytes = 0 }: FormLayer): Buffer {
  return Buffer.concat([tarArchive(entries), Buffer.alloc(paddingBytes)]);
}

/** The bytes as stored. */
export function storedLayer(layer: FormLayer): Buffer {
  const tar = layerTar(layer);
  return layer.isGzip === true ? gzipSync(tar) : tar;
}

/**
 * All forms in which images repeat layers, over a base with a root of its own. With one exception all their entries are
 * below `t/`.
 */
export function repeatedForms(baseEntries: readonly TarEntry[]): readonly RepeatedForm[] {
  const base: FormLayer = { entries: [...baseEntries, ...BASE] };
  const form = (name: string, ...layers: readonly FormLayer[]): RepeatedForm => ({ name, layers: [base, ...layers] });
  return [
    form('adjacent', one, one),
    form('apart', one, other, one),
    form('the base itself, adjacent', base),
    form('the base itself, apart', one, base),
    form('the base itself, over and over', base, one, base, one, base),
    form('the empty layer', empty, empty),
    form('the empty layer, of several sizes', empty, one, larger, odd, empty, blocked, larger, odd, empty, blocked),
    form('one tree with several ends of its archive', one, { ...one, paddingBytes: 512 }, other, one, {
      ...one,
      paddingBytes: 9728,
    }),
    form('one diffID in two compressions', one, other, { ...one, isGzip: true }),
    form('one diffID in two compressions, compressed first', { ...one, isGzip: true }, one),
    form('a version that comes back', one, two, one),
    form('versions that come back again and again', one, two, one, two, one, two),
    form('deleted and brought back', one, withoutOne, one),
    form('deleted, brought back and deleted', one, withoutOne, one, withoutOne),
    form('the base deleted and brought back', withoutBase, base),
    form('made opaque in between', one, opaque, one),
    form('made opaque again and again', one, opaque, other, opaque),
    form('made opaque again, with others in between', opaque, one, opaque, other),
    form('the root made opaque in between', one, emptied, base),
    form('the root made opaque again and again', emptied, base, one, emptied, base),
    form('a directory that became a file and a directory again', one, asFile, one),
    form('a directory that became a link and a directory again', one, asLink, one),
    form('a file in a directory that another layer deleted', one, withoutFolder, one, other, withoutFolder, one),
    form('attributes of a directory that come back', closed, open, closed),
    form('folders that the layer does not describe', bare, other, bare),
    form('folders that the layer does not describe, changed in between', closed, bare, open, bare),
    form('a link to a file of a layer below', one, linked, two, linked),
    form('a name through a link of a layer below', through, one, through),
  ];
}

const dir = (name: string, mode = 0o755): TarEntry => ({ name, type: 'directory', mode });
const file = (name: string, content: string, mode = 0o644): TarEntry => ({ name, type: 'file', content, mode });
const whiteout = (name: string): TarEntry => file(name.replace(/[^/]*$/, '.wh.$&'), '');

const BASE: readonly TarEntry[] = [
  dir('t', 0o751),
  dir('t/base'),
  file('t/base/kept', 'base'),
  file('t/base/hidden', 'base'),
  dir('t/both', 0o700),
  file('t/both/base', 'base'),
  file('t/both/x', 'base'),
  dir('t/deep'),
  dir('t/deep/er', 0o711),
  file('t/deep/er/base', 'base', 0o600),
  { name: 't/link', type: 'symlink', target: 'both' },
];

const one: FormLayer = {
  entries: [
    dir('t', 0o751),
    dir('t/both', 0o750),
    { ...file('t/both/x', 'one', 0o640), uid: 7, gid: 8 },
    { name: 't/both/hard', type: 'link', target: 't/both/x', mode: 0o640, uid: 7, gid: 8 },
    file('t/both/one', 'one'),
    dir('t/base'),
    whiteout('t/base/hidden'),
    dir('t/own'),
    dir('t/own/inner', 0o700),
    file('t/own/inner/f', 'one'),
  ],
};
const two: FormLayer = {
  entries: [
    dir('t', 0o751),
    dir('t/both', 0o755),
    file('t/both/x', 'the second version'),
    dir('t/own', 0o711),
    file('t/own/two', 'two'),
  ],
};
const other: FormLayer = {
  entries: [
    dir('t', 0o751),
    dir('t/base', 0o700),
    file('t/base/hidden', 'other'),
    dir('t/own'),
    dir('t/own/inner'),
    file('t/own/inner/other', 'other'),
    file('t/own/inner/f', 'other'),
    dir('t/both'),
    whiteout('t/both/one'),
  ],
};
const withoutOne: FormLayer = {
  entries: [dir('t', 0o751), whiteout('t/own'), dir('t/both'), whiteout('t/both/x'), whiteout('t/both/hard')],
};
const withoutBase: FormLayer = { entries: [whiteout('t')] };
const withoutFolder: FormLayer = { entries: [dir('t', 0o751), whiteout('t/both'), whiteout('t/own')] };
const opaque: FormLayer = {
  entries: [
    dir('t', 0o751),
    dir('t/both', 0o700),
    file('t/both/.wh..wh..opq', ''),
    file('t/both/alone', 'opaque'),
    dir('t/deep'),
    dir('t/deep/er'),
    file('t/deep/er/.wh..wh..opq', ''),
    dir('t/own'),
    file('t/own/.wh..wh..opq', ''),
  ],
};
const emptied: FormLayer = { entries: [file('.wh..wh..opq', ''), dir('t'), file('t/after', 'emptied')] };
const asFile: FormLayer = { entries: [dir('t', 0o751), file('t/both', 'a file'), file('t/own', 'a file')] };
const asLink: FormLayer = {
  entries: [
    dir('t', 0o751),
    { name: 't/both', type: 'symlink', target: 'deep' },
    { name: 't/own', type: 'symlink', target: 'base' },
  ],
};
const closed: FormLayer = {
  entries: [dir('t', 0o751), { ...dir('t/both', 0o500), uid: 3, gid: 4 }, dir('t/deep', 0o700)],
};
const open: FormLayer = { entries: [dir('t', 0o751), dir('t/both', 0o777), dir('t/deep', 0o777)] };
const bare: FormLayer = {
  entries: [file('t/both/x', 'bare'), file('t/deep/er/bare', 'bare'), whiteout('t/base/kept')],
};
const linked: FormLayer = {
  entries: [dir('t', 0o751), { name: 't/linked', type: 'link', target: 't/deep/er/base', mode: 0o600 }],
};
const through: FormLayer = { entries: [file('t/link/x', 'through'), file('t/link/through', 'through')] };
const empty: FormLayer = { entries: [] };
/** GNU tar fills up to 10240 bytes; others close with any number of blocks. */
const larger: FormLayer = { entries: [], paddingBytes: 9216 };
const odd: FormLayer = { entries: [], paddingBytes: 512 };
const blocked: FormLayer = { entries: [], paddingBytes: 31_744 };

/** Size of the entries as engines count: contents, and the targets of symlinks. */
export function bytesOf(entries: readonly TarEntry[]): number {
  return entries.reduce((sum, { type, target, content = '' }) => {
    return sum + (type === 'symlink' ? Buffer.byteLength(target ?? '') : Buffer.from(content).length);
  }, 0);
}

/** A docker-archive of the form's image: every occurrence of a layer is an entry of its own, as stored. */
export function formArchive({ layers }: RepeatedForm, tag: string): Buffer {
  const config = JSON.stringify({
    architecture: 'amd64',
    os: 'linux',
    created: '2024-01-01T00:00:00Z',
    config: { Cmd: ['sh'], Env: ['PATH=/bin'] },
    history: layers.map((_, at) => ({ created: '2024-01-01T00:00:00Z', created_by: `layer ${at}` })),
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => `sha256:${sha256(layerTar(layer))}`) },
  });
  const name = `${sha256(config)}.json`;
  const manifest = [{ Config: name, RepoTags: [tag], Layers: layers.map((_, at) => `${at}/layer.tar`) }];
  return tarArchive([
    ...layers.map((layer, at) => ({ name: `${at}/layer.tar`, content: storedLayer(layer) })),
    { name, content: config },
    { name: 'manifest.json', content: JSON.stringify(manifest) },
  ]);
}

function sha256(bytes: string | Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
