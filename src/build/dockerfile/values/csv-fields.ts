import { invalid } from '../../../base/errors.ts';

/**
 * Splits one record of comma separated values, with quotes as in RFC 4180.
 * @throws EngineError invalid, in the words of Go's `encoding/csv`
 */
export function csvFields(text: string): string[] {
  if (text === '') throw invalid('EOF');
  const fields: string[] = [];
  for (let at = 0; at <= text.length; ) {
    const [field, end] = text[at] === '"' ? quotedField(text, at + 1) : plainField(text, at);
    fields.push(field);
    at = end + 1;
  }
  return fields;
}

function plainField(text: string, start: number): [field: string, end: number] {
  const comma = text.indexOf(',', start);
  const end = comma < 0 ? text.length : comma;
  const bare = text.slice(start, end).indexOf('"');
  if (bare >= 0) throw parseError(text, start + bare, 'bare " in non-quoted-field');
  return [text.slice(start, end), end];
}

function quotedField(text: string, start: number): [field: string, end: number] {
  let field = '';
  for (let at = start; ; ) {
    const end = text.indexOf('"', at);
    if (end < 0) throw parseError(text, text.length, 'extraneous or missing " in quoted-field');
    field += text.slice(at, end);
    if (text[end + 1] !== '"') {
      if (end + 1 < text.length && text[end + 1] !== ',') {
        throw parseError(text, end, 'extraneous or missing " in quoted-field');
      }
      return [field, end + 1];
    }
    field += '"';
    at = end + 2;
  }
}

function parseError(text: string, at: number, message: string): Error {
  const column = Buffer.byteLength(text.slice(0, at)) + 1;
  return invalid(`parse error on line 1, column ${column}: ${message}`);
}
