import { type Document, LineCounter, parseAllDocuments } from 'yaml';
import type { Value } from '../../model/value.ts';
import { repairsFor, withIndentedFlow } from './indent-flow.ts';
import { type Resets, readDocument } from './read-document.ts';
import { type Source, sourceError } from './source.ts';

/** Characters that YAML does not allow. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for
const CONTROL = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/;

/** The largest file that is read. Aliases may blow up even a small one: `read-document.ts` limits what it holds. */
export const BYTES_MAX = 4 * 1024 * 1024;
/** Flow collections deeper than this would exhaust the stack of the parser. */
const DEPTH_MAX = 100;

export interface ParsedFile {
  readonly text: string;
  readonly source: Source;
  readonly documents: readonly { readonly value: Value; readonly resets: Resets }[];
}

/** Parses all documents of a file. @throws SourceError with the place of the fault */
export function parseYaml(file: string, text: string): ParsedFile {
  if (text.length > BYTES_MAX)
    throw sourceError(file, undefined, `the file has more than ${BYTES_MAX / 1024 / 1024} MiB`);
  const control = CONTROL.exec(text);
  if (control !== null)
    throw sourceError(file, positionOf(text, control.index), 'invalid YAML: control characters are not allowed');
  const { documents, lines } = parsedOf(file, text);
  const source = { file, documents, lines };
  for (const document of documents) {
    const [fault] = document.errors;
    if (fault === undefined) continue;
    const { line, col } = lines.linePos(fault.pos[0]);
    throw sourceError(file, { line, column: col }, describeFault(fault.message));
  }
  return { text, source, documents: documents.map((document) => readDocument(source, document)) };
}

interface Parsed {
  readonly documents: Document[];
  readonly lines: LineCounter;
}

/** Columns are those of the indented text, where a fault of indentation is passed over. */
function parsedOf(file: string, text: string): Parsed {
  const parse = (given: string): Parsed => {
    const lines = new LineCounter();
    return { documents: documentsOf(file, given, lines), lines };
  };
  const first = parse(text);
  let [parsed, at] = [first, text];
  for (let left = repairsFor(text); left > 0; left--) {
    const repaired = withIndentedFlow(at, parsed.documents);
    if (repaired === undefined) break;
    at = repaired;
    parsed = parse(at);
  }
  // The faults of the file as it is are clearer than those of a repair that did not help.
  return parsed.documents.some(({ errors }) => errors.length > 0) ? first : parsed;
}

function documentsOf(file: string, text: string, lines: LineCounter): Document[] {
  const deep = tooDeep(text);
  if (deep !== undefined)
    throw sourceError(file, undefined, `line ${deep}: more than ${DEPTH_MAX} collections within each other`);
  const options = { schema: 'failsafe', uniqueKeys: false, lineCounter: lines, prettyErrors: false } as const;
  try {
    const parsed = parseAllDocuments(text.startsWith('\uFEFF') ? text.slice(1) : text, {
      ...options,
      logLevel: 'silent',
    });
    return 'empty' in parsed ? [] : parsed;
  } catch (error) {
    if (error instanceof RangeError) throw sourceError(file, undefined, 'the file has too many levels');
    throw error;
  }
}

/** The line of the first bracket that is nested too deeply. Brackets in texts count, too: nobody writes a hundred. */
function tooDeep(text: string): number | undefined {
  let depth = 0;
  let line = 1;
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char === 0x0a) line++;
    else if (char === 0x5b || char === 0x7b) depth++;
    else if ((char === 0x5d || char === 0x7d) && depth > 0) depth--;
    if (depth > DEPTH_MAX) return line;
  }
  return undefined;
}

function positionOf(text: string, at: number): { line: number; column: number } {
  const before = text.slice(0, at).split('\n');
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

/** The parser reports an exhausted stack as a fault of the file, which it is. */
function describeFault(message: string): string {
  if (message.startsWith('Maximum call stack')) return 'the file has too many levels';
  return `invalid YAML: ${message.split('\n')[0]}`;
}
