import { invalid } from '../../base/errors.ts';
import { trimSpace } from '../../base/go-space.ts';
import { cleanPath } from './clean-path.ts';

/** Of UTF-8, without its line feed: BuildKit's bound. */
const LINE_BYTES_MAX = 2 ** 16 - 1;

/**
 * Reads the patterns of a `.dockerignore`. A line with `#` in its first column is a comment. Blanks around a pattern go,
 * paths are cleaned, and a leading slash means nothing. `!` stays in front.
 * @throws EngineError invalid for a line that is too long
 */
export function parseIgnoreFile(text: string): string[] {
  const plain = text.startsWith('\ufeff') ? text.slice(1) : text;
  return plain
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .map(parseLine)
    .filter((pattern) => pattern !== '');
}

function parseLine(line: string): string {
  if (Buffer.byteLength(line) > LINE_BYTES_MAX) throw invalid('error reading .dockerignore: token too long');
  const trimmed = trimSpace(line);
  const isException = trimmed.startsWith('!');
  const pattern = isException ? trimSpace(trimmed.slice(1)) : trimmed;
  if (pattern === '') return isException ? '!' : '';
  const cleaned = cleanPath(pattern);
  const relative = cleaned.length > 1 && cleaned.startsWith('/') ? cleaned.slice(1) : cleaned;
  return isException ? `!${relative}` : relative;
}
