import { createHash } from 'node:crypto';
import { BLOCK, isZeroBlock, parseHeader } from '../../../src/io/tar/header.ts';
import { type Extensions, parsePax } from '../../../src/io/tar/pax.ts';

/** What engines put into a root for a container, beside what the image has. */
const OF_CONTAINERS = /^(?:\.dockerenv|dev(?:\/.*)?|proc|sys|etc\/(?:hosts|hostname|resolv\.conf|mtab))$/;

interface Entry {
  readonly path: string;
  readonly line: string;
  readonly content: Buffer;
}

/** The entries of a tar: a line for each path with kind, mode, owner, size or target, attributes, and a sum of the content. */
export function listArchive(bytes: Buffer): ReadonlyMap<string, string> {
  const entries = [...entriesOf(bytes)].filter(({ path }) => !OF_CONTAINERS.test(path));
  return new Map(entries.toSorted((a, b) => (a.path < b.path ? -1 : 1)).map(({ path, line }) => [path, line]));
}

/** The files of a tar by path. */
export function readArchive(bytes: Buffer): ReadonlyMap<string, Buffer> {
  return new Map([...entriesOf(bytes)].map(({ path, content }) => [path, content]));
}

function* entriesOf(bytes: Buffer): Iterable<Entry> {
  let extensions: Extensions = {};
  for (let at = 0; at + BLOCK <= bytes.length; ) {
    const block = bytes.subarray(at, at + BLOCK);
    if (isZeroBlock(block)) break;
    const header = parseHeader(block);
    const isData = '0\0x7gLK'.includes(header.typeFlag);
    const size = isData ? (extensions.size ?? header.size) : 0;
    const content = bytes.subarray(at + BLOCK, at + BLOCK + size);
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
    if (header.typeFlag === 'x') {
      parsePax(content, extensions);
      continue;
    }
    if (header.typeFlag === 'g') continue;
    const name = Buffer.from(extensions.name ?? header.name, 'latin1').toString();
    const path = name.replace(/^(?:\.?\/)*|\/+$/g, '');
    yield { path, content, line: lineOf(path, header, extensions, content) };
    extensions = {};
  }
}

function lineOf(
  path: string,
  { typeFlag, mode, uid, gid, linkName, deviceMajor, deviceMinor }: ReturnType<typeof parseHeader>,
  extensions: Extensions,
  content: Buffer,
): string {
  const owner = `${extensions.uid ?? uid}:${extensions.gid ?? gid}`;
  const rights = (mode & 0o7777).toString(8).padStart(4, '0');
  const target = Buffer.from(extensions.linkName ?? linkName, 'latin1').toString();
  const attributes = [...(extensions.xattrs ?? [])].map(([name, value]) => ` ${name}=${value.toString('base64')}`);
  const rest = {
    '5': '/',
    '2': ` -> ${target}`,
    '1': ` = ${target.replace(/^(?:\.?\/)*/, '')}`,
    '3': ` char ${deviceMajor},${deviceMinor}`,
    '4': ` block ${deviceMajor},${deviceMinor}`,
    '6': ' fifo',
  }[typeFlag];
  const sum = createHash('sha256').update(content).digest('hex').slice(0, 12);
  const shown = rest ?? ` ${content.length} ${sum}`;
  return `${typeFlag === '2' ? 'link' : rights} ${owner} ${path}${shown}${attributes.sort().join('')}`;
}
