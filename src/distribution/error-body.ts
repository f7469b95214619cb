import { isObject } from '../base/is-object.ts';

/** One entry of a registry's error body (distribution specification 1.1, "Error codes"). */
export interface RegistryErrorEntry {
  readonly code: string;
  readonly message: string;
}

const ENTRIES_MAX = 10;
const TEXT_MAX = 500;
/**
 * The fields in which servers that do not follow the specification put their message: Docker Hub, OAuth 2 (RFC 6749),
 * common frameworks.
 */
const WORD_FIELDS = ['details', 'error_description', 'message', 'detail', 'error'];
/** The specification's code for a status whose body has none. */
const CODES: Readonly<Record<number, string>> = { 401: 'UNAUTHORIZED', 403: 'DENIED', 429: 'TOOMANYREQUESTS' };

/**
 * Parses an error body: its entries, else its message under the code of the status. Empty when there is no message. The
 * texts are short and safe for a terminal, whatever a server sends.
 */
export function parseErrorBody(status: number, body: string): readonly RegistryErrorEntry[] {
  const parsed = parseJson(body);
  const entries = isObject(parsed) ? entriesOf(parsed['errors']) : [];
  if (entries.length > 0) return entries;
  const message = isObject(parsed) ? wordsOf(parsed) : plainText(body);
  return message === '' ? [] : [{ code: CODES[status] ?? 'UNKNOWN', message }];
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function entriesOf(errors: unknown): readonly RegistryErrorEntry[] {
  if (!Array.isArray(errors)) return [];
  return errors.slice(0, ENTRIES_MAX).flatMap((entry: unknown) => {
    if (!isObject(entry) || typeof entry['code'] !== 'string') return [];
    const message = typeof entry['message'] === 'string' ? entry['message'] : '';
    return [{ code: clean(entry['code']), message: clean(message) }];
  });
}

function wordsOf(body: Readonly<Record<string, unknown>>): string {
  const words = WORD_FIELDS.map((name) => body[name]).find((value) => typeof value === 'string' && value !== '');
  return typeof words === 'string' ? clean(words) : '';
}

/** Of an HTML page only the title is shown. */
function plainText(body: string): string {
  const text = body.slice(0, 64 * 1024).trim();
  if (!text.startsWith('<')) return clean(text);
  const begin = text.search(/<title>/i);
  const end = text.search(/<\/title>/i);
  return begin === -1 || end < begin ? '' : clean(text.slice(begin + '<title>'.length, end));
}

/** Removes control characters and shortens the text. */
function clean(text: string): string {
  return text
    .slice(0, TEXT_MAX)
    .replace(/\p{Cc}+/gu, ' ')
    .trim();
}
