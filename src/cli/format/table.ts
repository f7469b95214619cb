import { messageOf } from '../../base/errors.ts';
import { Fields, goJson, Template, type Value } from '../../base/template/index.ts';
import { display } from '../../base/template/value.ts';
import type { Output } from '../../terminal/index.ts';
import { CliError } from '../errors.ts';
import { alignColumns } from './tabwriter.ts';

const TEMPLATE_FAULT = 'template parsing error';

/** The format of a kind of list: its columns, and how an item becomes a row. */
export interface ListFormat<T> {
  /** Name of the type in Go's error messages. */
  readonly typeName: string;
  /** Title of each field in a table's header. */
  readonly titles: Readonly<Record<string, string>>;
  /** Template of the table, without `table `. */
  readonly table: string;
  /** Every field that a template may use. */
  readonly fields: (item: T) => Readonly<Record<string, Value>>;
  /** The output of `-q`. */
  readonly quiet?: (item: T) => string;
  /**
   * Templates of `--format raw`, with one field per line, and of the same with `-q`. Without them `raw` has no special
   * meaning.
   */
  readonly raw?: readonly [whole: string, quiet?: string];
}

export interface ListOptions {
  /** The beginning of template errors, where docker has its own words for a command. */
  readonly faults?: { readonly parse: string; readonly execute: string };
  /** Value of `--format`. '' for the default table. */
  readonly format: string;
  readonly quiet?: boolean;
  /** Whether `quiet` overrides the format. */
  readonly quietWins?: boolean;
  /** A table that replaces the kind's own. */
  readonly table?: string;
}

/** Prints a list as docker's list commands do: table, `--format`, `json`, `-q`. @throws CliError */
export function printList<T>(out: Output, kind: ListFormat<T>, items: readonly T[], options: ListOptions): void {
  out.write(renderList(kind, items, options));
}

export function renderList<T>(kind: ListFormat<T>, items: readonly T[], options: ListOptions): string {
  const format = rawTemplate(kind, options) ?? options.format;
  const plain = format === '' || format === 'table';
  if (options.quietWins === true && options.quiet === true && kind.quiet !== undefined)
    return items.map((item) => `${kind.quiet?.(item)}\n`).join('');
  if (plain && options.quiet === true && kind.quiet !== undefined)
    return items.map((item) => `${kind.quiet?.(item)}\n`).join('');
  if (format === 'json' || format === '{{json .}}') {
    return items.map((item) => `${goJson(new Fields(kind.typeName, kind.fields(item)))}\n`).join('');
  }
  const isTable = plain || format.startsWith('table');
  const source = unescapeFormat(
    plain ? (options.table ?? kind.table) : isTable ? format.slice('table'.length) : format,
  );
  const columns = simpleColumns(source, kind);
  if (columns !== undefined) return renderColumns(kind, items, { columns, isTable });
  const faults = options.faults ?? { parse: TEMPLATE_FAULT, execute: TEMPLATE_FAULT };
  const template = compileTemplate(source, faults.parse);
  const rows: string[] = isTable ? [template.header(kind.titles)] : [];
  let fault: unknown;
  for (const item of items) {
    try {
      rows.push(template.execute(new Fields(kind.typeName, kind.fields(item))));
    } catch (error) {
      fault = error;
      break;
    }
  }
  if (fault !== undefined) throw new CliError(1, `${faults.execute}: ${messageOf(fault)}`, { cause: fault });
  const text = rows.map((row) => `${row}\n`).join('');
  return isTable ? alignColumns(text) : text;
}

function rawTemplate<T>({ raw }: ListFormat<T>, { format, quiet }: ListOptions): string | undefined {
  if (format !== 'raw' || raw === undefined) return undefined;
  const [whole, short] = raw;
  return quiet === true && short !== undefined ? short : whole;
}

/**
 * The fields of a format that only joins them with tabs, as all default tables do. They are printed without the
 * template engine.
 */
function simpleColumns<T>(source: string, kind: ListFormat<T>): readonly string[] | undefined {
  const columns = source.split('\t').map((cell) => /^\{\{\.([A-Z]\w*)\}\}$/.exec(cell)?.[1] ?? '');
  return columns.every((column) => Object.hasOwn(kind.titles, column) && column !== 'Label') ? columns : undefined;
}

function renderColumns<T>(
  kind: ListFormat<T>,
  items: readonly T[],
  { columns, isTable }: { columns: readonly string[]; isTable: boolean },
): string {
  const rows = items.map((item) => {
    const fields = kind.fields(item);
    return `${columns.map((column) => display(fields[column])).join('\t')}\n`;
  });
  if (isTable) rows.unshift(`${columns.map((column) => kind.titles[column] ?? '').join('\t')}\n`);
  return isTable ? alignColumns(rows.join('')) : rows.join('');
}

/** Replaces `\t` and `\n`, which the shell's quotes keep, by the characters. */
export function unescapeFormat(format: string): string {
  return format
    .replace(/^ +| +$/g, '')
    .replaceAll('\\t', '\t')
    .replaceAll('\\n', '\n');
}

/** @throws CliError with the template's error */
export function compileTemplate(source: string, fault = TEMPLATE_FAULT): Template {
  try {
    return new Template(source);
  } catch (error) {
    throw new CliError(1, `${fault}: ${messageOf(error)}`, { cause: error });
  }
}
