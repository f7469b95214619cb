import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';

/** Files and folders of these trees whose bytes or names have a word. Compressed files are read as what they hold. */
export function filesWith(word: string, roots: readonly string[]): readonly string[] {
  return roots.flatMap((root) => {
    const stat = lstatSync(root);
    if (stat.isDirectory()) {
      const names = readdirSync(root);
      const named = names.filter((name) => name.includes(word)).map((name) => join(root, name));
      return [
        ...named,
        ...filesWith(
          word,
          names.map((name) => join(root, name)),
        ),
      ];
    }
    return stat.isFile() && contentOf(root).includes(word) ? [root] : [];
  });
}

function contentOf(path: string): Buffer {
  const bytes = readFileSync(path);
  if (bytes.length > 4 && bytes.readUInt32LE(0) === 0xfd2fb528) return zstdDecompressSync(bytes);
  return bytes.length > 2 && bytes.readUInt16BE(0) === 0x1f8b ? gunzipSync(bytes) : bytes;
}
