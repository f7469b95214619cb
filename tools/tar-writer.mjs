/**
 * Writes tar archives (POSIX ustar, with pax headers where a field is too small) from descriptions of their entries:
 * for the demo image, and for tests, which need archives that no normal tool would write. The output depends only on
 * the given entries.
 */

const BLOCK = 512;
const TYPE_FLAGS = { file: '0', link: '1', symlink: '2', character: '3', block: '4', directory: '5', fifo: '6' };

/** The whole archive with its two closing blocks. */
export function tarArchive(entries) {
  return Buffer.concat([...entries.map(tarEntry), Buffer.alloc(2 * BLOCK)]);
}

/** One entry: header blocks, content, padding. */
export function tarEntry(entry) {
  const content = Buffer.from(entry.content ?? '');
  const records = { ...entry.pax };
  const name = entry.type === 'directory' && !entry.name.endsWith('/') ? `${entry.name}/` : entry.name;
  if (Buffer.byteLength(name) > 100) records.path = name;
  if (Buffer.byteLength(entry.target ?? '') > 100) records.linkpath = entry.target;
  const parts = [];
  if (Object.keys(records).length > 0) {
    const body = Buffer.concat(Object.entries(records).map(([key, value]) => paxRecord(key, value)));
    parts.push(header({ name: 'pax', mode: 0o644 }, 'x', body.length), padded(body));
  }
  const flag = entry.typeFlag ?? TYPE_FLAGS[entry.type ?? 'file'];
  parts.push(header({ ...entry, name }, flag, entry.size ?? content.length), padded(content));
  return Buffer.concat(parts);
}

function header(entry, flag, size) {
  const block = Buffer.alloc(BLOCK);
  const directory = flag === '5';
  block.write(entry.name, 0, 100);
  octal(block, 100, 8, entry.mode ?? (directory || flag === '2' ? 0o755 : 0o644));
  octal(block, 108, 8, entry.uid ?? 0);
  octal(block, 116, 8, entry.gid ?? 0);
  octal(block, 124, 12, size);
  octal(block, 136, 12, entry.mtime ?? 0);
  block.write('        ', 148, 8);
  block.write(flag, 156, 1);
  block.write(entry.target ?? '', 157, 100);
  block.write('ustar\x0000', 257, 8, 'latin1');
  octal(block, 329, 8, entry.major ?? 0);
  octal(block, 337, 8, entry.minor ?? 0);
  let sum = 0;
  for (const byte of block) sum += byte;
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 8, 'latin1');
  return block;
}

/** Values that do not fit are written as a big-endian binary number with the top bit set (GNU). */
function octal(block, offset, length, value) {
  const digits = value.toString(8);
  if (digits.length < length) {
    block.write(`${digits.padStart(length - 1, '0')}\0`, offset, length, 'latin1');
    return;
  }
  block.writeBigUInt64BE(BigInt(value), offset + length - 8);
  block[offset] = 0x80;
}

/** `LENGTH key=value\n` where LENGTH counts itself. */
function paxRecord(key, value) {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), Buffer.from(value), Buffer.from('\n')]);
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

function padded(content) {
  return Buffer.concat([content, Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK)]);
}
