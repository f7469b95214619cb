/**
 * Encodes records as JSON text, so that `sqlite3` shows them. JSON has no bigint: a record with one is written in an
 * escaped form, in which a string that starts with {@link MARK} is a bigint or an escaped string. `escaped` marks that
 * form.
 */
export interface Encoded {
  readonly text: string;
  readonly escaped: boolean;
}

const MARK = '\u0001';
const BIGINT = `${MARK}bigint:`;

export function encodeRecord(record: unknown): Encoded {
  try {
    return { text: JSON.stringify(record), escaped: false };
  } catch (error) {
    // The error is the only sign of a bigint that does not need a walk through every record.
    if (!(error instanceof TypeError)) throw error;
    return { text: JSON.stringify(record, escapeValue), escaped: true };
  }
}

export function decodeRecord(encoded: Encoded): unknown {
  return encoded.escaped ? JSON.parse(encoded.text, unescapeValue) : JSON.parse(encoded.text);
}

function escapeValue(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return `${BIGINT}${value}`;
  return typeof value === 'string' && value.startsWith(MARK) ? MARK + value : value;
}

function unescapeValue(_key: string, value: unknown): unknown {
  if (typeof value !== 'string' || !value.startsWith(MARK)) return value;
  return value.startsWith(BIGINT) ? BigInt(value.slice(BIGINT.length)) : value.slice(MARK.length);
}
