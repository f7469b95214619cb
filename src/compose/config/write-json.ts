import { EngineError } from '../../base/errors.ts';
import { jsonFloat } from '../go/format-float.ts';
import { Float, type Output, OutputMap } from '../model/output.ts';

/** Characters that Go's JSON escapes for use in HTML, and line separators. */
const UNSAFE = /[<>&\u2028\u2029]/g;

/** Writes a tree as Go's JSON does. With an indentation each item has its line. @throws EngineError for infinity and NaN */
export function writeJson(output: Output, indentation = ''): string {
  return write(output, { indentation, lead: '' });
}

interface Layout {
  readonly indentation: string;
  /** The indentation of the enclosing line. */
  readonly lead: string;
}

function write(output: Output, layout: Layout): string {
  const lead = layout.lead + layout.indentation;
  const inner = { ...layout, lead };
  if (output instanceof OutputMap) {
    const colon = layout.indentation === '' ? ':' : ': ';
    return wrap(
      '{}',
      output.entries.map(([key, value]) => `${jsonString(key)}${colon}${write(value, inner)}`),
      layout,
    );
  }
  if (Array.isArray(output))
    return wrap(
      '[]',
      output.map((item: Output) => write(item, inner)),
      layout,
    );
  if (output instanceof Float) {
    if (Number.isFinite(output.value)) return jsonFloat(output.value, output.bits);
    throw new EngineError('invalid', `JSON has no number for ${output.value}`);
  }
  return typeof output === 'string' ? jsonString(output) : String(output);
}

function wrap(brackets: string, items: readonly string[], { indentation, lead }: Layout): string {
  const [open, close] = brackets;
  if (items.length === 0) return brackets;
  if (indentation === '') return `${open}${items.join(',')}${close}`;
  const inner = `\n${lead}${indentation}`;
  return `${open}${inner}${items.join(`,${inner}`)}\n${lead}${close}`;
}

function jsonString(text: string): string {
  return JSON.stringify(text.toWellFormed()).replace(
    UNSAFE,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
