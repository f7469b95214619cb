import { EngineError, type ErrorKind, errnoOf } from '../base/errors.ts';
import { failureText } from './http/failure-text.ts';

/** One entry of a registry's error body (distribution specification 1.1, "Error codes"). */
export interface RegistryErrorEntry {
  readonly code: string;
  readonly message: string;
}

/** A registry said no. `codes` are the specification's, for branching; empty when the body was none of its. */
export class RegistryError extends EngineError {
  readonly status: number;
  readonly codes: readonly string[];

  constructor(status: number, entries: readonly RegistryErrorEntry[], what: string) {
    const said = entries
      .map(({ code, message }) => `${code.toLowerCase().replaceAll('_', ' ')}: ${message}`)
      .join(', ');
    super(kindOf(status), said === '' ? `${what}: unexpected status ${status}` : said);
    this.status = status;
    this.codes = entries.map(({ code }) => code);
  }
}

/** No answer, or one that broke off. `code` is the system's name of the reason, for deciding whether to try again. */
export class ConnectionError extends EngineError {
  readonly code: string;

  constructor(what: string, cause: unknown) {
    super('unavailable', `${what}: ${failureText(cause)}`, { cause });
    this.code = errnoOf(cause) ?? 'UNKNOWN';
  }
}

function kindOf(status: number): ErrorKind {
  if (status === 401) return 'unauthorized';
  if (status === 403) return 'forbidden';
  if (status === 404) return 'notFound';
  if (status === 400 || status === 405 || status === 416) return 'invalid';
  if (status === 413) return 'tooLarge';
  return 'unavailable';
}

const ENTRIES_MAX = 10;
const TEXT_MAX = 500;

/** Reads the entries out of an error body; hostile or foreign bodies give none. */
export function parseErrorBody(body: string): readonly RegistryErrorEntry[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return [];
  }
  const errors = isRecord(parsed) ? parsed['errors'] : undefined;
  if (!Array.isArray(errors)) return [];
  return errors.slice(0, ENTRIES_MAX).flatMap((entry: unknown) => {
    if (!isRecord(entry) || typeof entry['code'] !== 'string') return [];
    const message = typeof entry['message'] === 'string' ? entry['message'] : '';
    return [{ code: clean(entry['code']), message: clean(message) }];
  });
}

/** Texts from outside reach a user's terminal: no control characters, no novels. */
function clean(text: string): string {
  return text.slice(0, TEXT_MAX).replace(/\p{Cc}+/gu, ' ');
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
