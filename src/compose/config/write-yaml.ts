import { formatFloat } from '../go/format-float.ts';
import { Float, type Output, OutputMap } from '../model/output.ts';
import { blockText, hasBreak, scalarText } from './yaml-scalar.ts';

/** Longer keys are written with `?`. In bytes. */
const SIMPLE_KEY_MAX = 128;

/** Writes a tree as Go's yaml package does with an indentation of `step`: block style, lists indented below their key. */
export function writeYaml(output: Output, step = 2): string {
  if (isCollection(output)) return collection(output, { indent: 0, step });
  return `${leaf(output, { indent: 0, step })}\n`;
}

interface Layout {
  readonly indent: number;
  readonly step: number;
}

function isCollection(output: Output): output is OutputMap | readonly Output[] {
  if (output instanceof OutputMap) return output.entries.length > 0;
  return Array.isArray(output) && output.length > 0;
}

/** The lines of a collection, each with its indentation and a newline. */
function collection(output: OutputMap | readonly Output[], layout: Layout): string {
  const pad = ' '.repeat(layout.indent);
  if (output instanceof OutputMap)
    return output.entries.map(([key, value]) => `${pad}${entry(key, value, layout)}`).join('');
  const inner = { ...layout, indent: layout.indent + 2 };
  return output
    .map(
      (item) =>
        `${pad}- ${isCollection(item) ? collection(item, inner).slice(inner.indent) : `${leaf(item, layout)}\n`}`,
    )
    .join('');
}

function entry(key: string, value: Output, layout: Layout): string {
  const isSimple = Buffer.byteLength(key) <= SIMPLE_KEY_MAX && !hasBreak(key);
  const below = { ...layout, indent: layout.indent + layout.step };
  if (isSimple && isCollection(value)) return `${scalarText(key, true)}:\n${collection(value, below)}`;
  if (isSimple) return `${scalarText(key, true)}: ${leaf(value, layout)}\n`;
  const shown = key.includes('\n') ? blockText(key, layout.indent + layout.step) : scalarText(key, false);
  const pad = ' '.repeat(layout.indent);
  const inner = { ...layout, indent: layout.indent + 2 };
  const written = isCollection(value) ? collection(value, inner).slice(inner.indent) : `${leaf(value, layout)}\n`;
  return `? ${shown}\n${pad}: ${written}`;
}

/** A value on the line of its key; a text of several lines continues below it. */
function leaf(output: Output, { indent, step }: Layout): string {
  if (output === null) return 'null';
  if (typeof output === 'string')
    return output.includes('\n') ? blockText(output, indent + step) : scalarText(output, false);
  if (output instanceof Float) return floatText(output);
  if (output instanceof OutputMap) return '{}';
  return Array.isArray(output) ? '[]' : String(output);
}

function floatText({ value, bits }: Float): string {
  if (Number.isNaN(value)) return '.nan';
  if (!Number.isFinite(value)) return value > 0 ? '.inf' : '-.inf';
  return formatFloat(value, bits);
}
