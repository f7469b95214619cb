import { invalid } from './errors.ts';

const DEPTH_MAX = 1000;
/**
 * Objects and lists. A document of 8 MB can hold millions of empty ones, which take seconds and hundreds of MB to
 * parse.
 */
const CONTAINERS_MAX = 50_000;
const VALUES_MAX = 1_000_000;

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/**
 * Parses untrusted JSON, whose length the caller has limited. It limits the memory that the result takes beyond the
 * text. `containersMax` is the number of objects and lists.
 * @throws EngineError invalid for too many objects and lists; SyntaxError for malformed JSON
 */
export function parseBoundedJson(bytes: Uint8Array, { containersMax = CONTAINERS_MAX } = {}): unknown {
  checkShape(bytes, containersMax);
  return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
}

/** Counts objects and lists without building anything. Malformed JSON may pass: the parser refuses it. */
function checkShape(bytes: Uint8Array, containersMax: number): void {
  let [depth, containers, values] = [0, 0, 0];
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) at = endOfString(bytes, at + 1);
    else if (byte === COMMA) values++;
    else if (byte === OPEN_LIST || byte === OPEN_OBJECT) {
      containers++;
      depth++;
      if (depth > DEPTH_MAX) throw invalid(`JSON that nests deeper than ${DEPTH_MAX} levels`);
    } else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) depth--;
  }
  if (containers > containersMax) throw invalid(`JSON of more than ${containersMax} objects and lists`);
  if (values > VALUES_MAX) throw invalid(`JSON of more than ${VALUES_MAX} values`);
}

function endOfString(bytes: Uint8Array, from: number): number {
  let at = from;
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
  return at;
}
