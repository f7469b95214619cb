const MAGIC: readonly (readonly number[])[] = [
  [0x1f, 0x8b, 0x08], // gzip
  [0x42, 0x5a, 0x68], // bzip2
  [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], // xz
  [0x28, 0xb5, 0x2f, 0xfd], // zstd
];
const BLOCK_BYTES = 512;
const CHECKSUM_AT = 148;
const CHECKSUM_BYTES = 8;

/** Whether a file's first bytes are those of a tar, perhaps compressed. */
export function isArchive(head: Uint8Array): boolean {
  return MAGIC.some((magic) => magic.every((byte, at) => head[at] === byte)) || isTar(head);
}

/** The checksum of the first header counts its own field as blanks (pax, "ustar Interchange Format"). */
function isTar(head: Uint8Array): boolean {
  if (head.length < BLOCK_BYTES) return false;
  const field = Buffer.from(head.subarray(CHECKSUM_AT, CHECKSUM_AT + CHECKSUM_BYTES)).toString('latin1');
  const wanted = /^[ \0]*([0-7]+)[ \0]*$/.exec(field)?.[1];
  if (wanted === undefined) return false;
  let sum = 0;
  for (let at = 0; at < BLOCK_BYTES; at++) {
    sum += at >= CHECKSUM_AT && at < CHECKSUM_AT + CHECKSUM_BYTES ? 0x20 : (head[at] ?? 0);
  }
  return sum === Number.parseInt(wanted, 8);
}
