import { type Document, isCollection, isScalar, type Node, visit } from 'yaml';

const REPAIRS_MAX = 50;
/** A file with more faults takes long to parse. */
const FAULTS_MAX = 1000;
/** Each repair parses the file again. */
const PARSED_LENGTH_MAX = 512 * 1024;

/** How often a text may be repaired. Large ones seldom or never are. */
export function repairsFor(text: string): number {
  return Math.min(REPAIRS_MAX, Math.floor(PARSED_LENGTH_MAX / (text.length + 1)));
}

/**
 * YAML wants each further line of a text in quotes or a collection in brackets to be indented, and docker compose does not. Such
 * lines mean the same when they are. Returns the text with those indented that the first fault of the documents is about.
 * Undefined when it is about something else.
 */
export function withIndentedFlow(text: string, documents: readonly Document[]): string | undefined {
  const document = documents.find(({ errors }) => errors.length > 0);
  const [fault] = document?.errors ?? [];
  if (document === undefined || fault === undefined || document.errors.length > FAULTS_MAX) return undefined;
  if (fault.code !== 'BAD_INDENT' && fault.code !== 'MISSING_CHAR') return undefined;
  const start = lastFlowStart(document, fault.pos[0]);
  const end = start === undefined ? undefined : endOfFlow(text, start);
  if (start === undefined || end === undefined) return undefined;
  const column = start - (text.lastIndexOf('\n', start) + 1);
  const flow = text.slice(start, end);
  const indented = flow.replace(/\n(?=[^\n\r])/g, `\n${' '.repeat(column + 1)}`);
  return indented === flow ? undefined : text.slice(0, start) + indented + text.slice(end);
}

/** Where the last text in quotes or collection in brackets begins that is in no other, at or before a place. */
function lastFlowStart(document: Document, place: number): number | undefined {
  let found: number | undefined;
  visit(document, {
    Node: (_key, node) => {
      if (!isFlow(node)) return undefined;
      const [start] = node.range ?? [];
      if (start !== undefined && start <= place) found = start;
      return visit.SKIP;
    },
  });
  return found;
}

function isFlow(node: Node): boolean {
  if (isCollection(node)) return node.flow === true;
  return isScalar(node) && (node.type === 'QUOTE_DOUBLE' || node.type === 'QUOTE_SINGLE');
}

/** The end of the text in quotes, or the collection in brackets, that begins at `start`. Undefined when it has none. */
function endOfFlow(text: string, start: number): number | undefined {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    const char = text.charAt(at);
    const before = at === start ? '[' : text.charAt(at - 1);
    if ((char === '"' || char === "'") && /[\s[{,:]/.test(before)) {
      const end = endOfQuotes(text, at, char);
      if (end === undefined) return undefined;
      at = end - 1;
    } else if (char === '[' || char === '{') depth++;
    else if (char === ']' || char === '}') depth--;
    else if (char === '#' && /\s/.test(before)) at = endOfLine(text, at);
    if (depth === 0) return at + 1;
  }
  return undefined;
}

function endOfQuotes(text: string, start: number, quote: string): number | undefined {
  for (let at = start + 1; at < text.length; at++) {
    const char = text.charAt(at);
    if (char === '\\' && quote === '"') at++;
    else if (char === quote && quote === "'" && text.charAt(at + 1) === quote) at++;
    else if (char === quote) return at + 1;
  }
  return undefined;
}

function endOfLine(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  return end < 0 ? text.length : end;
}
