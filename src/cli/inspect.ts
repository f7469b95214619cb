import { EngineError, messageOf } from '../base/errors.ts';
import { Template } from '../base/template/index.ts';
import { parseJson } from '../client/index.ts';
import type { Cli } from './cli.ts';
import { CliError } from './errors.ts';
import { compactJson, indentJson } from './format/indent-json.ts';
import { typeInspected } from './format/inspect-types.ts';

/** Exit code for a template that cannot be parsed. */
const BAD_TEMPLATE = 64;

export interface Inspection {
  readonly names: readonly string[];
  /** Value of `--format`. '' prints JSON. */
  readonly format: string;
  /** Returns the engine's JSON of the object. */
  readonly fetch: (name: string) => Promise<string>;
}

/**
 * Prints objects as docker's inspect commands do: first the found ones, then an error for each missing one. Resolves
 * with the exit code.
 */
export async function printInspected(cli: Cli, { names, format, fetch }: Inspection): Promise<number> {
  const template = format === '' || format === 'json' ? undefined : parseInspectTemplate(format);
  const found: string[] = [];
  const faults: string[] = [];
  for (const name of names) {
    try {
      const text = await fetch(name);
      found.push(template === undefined ? text : template.execute(typeInspected(parseJson(text))));
    } catch (error) {
      const wrongTemplate = !(error instanceof EngineError) && template !== undefined;
      if (error instanceof EngineError && error.kind === 'unavailable') throw error;
      faults.push(wrongTemplate ? `template parsing error: ${messageOf(error)}` : messageOf(error));
      if (wrongTemplate) break;
    }
  }
  const list = `[${found.map((text) => text.trim()).join(',')}]`;
  if (format === '') cli.out.line(indentJson(list));
  else if (template === undefined) cli.out.line(compactJson(list));
  else if (found.length > 0 || faults.length > 0)
    cli.out.write(found.length === 0 ? '\n' : found.map((text) => `${text}\n`).join(''));
  for (const fault of faults) cli.err.line(fault);
  return faults.length > 0 ? 1 : 0;
}

function parseInspectTemplate(format: string): Template {
  try {
    return new Template(format);
  } catch (error) {
    throw new CliError(BAD_TEMPLATE, `template parsing error: ${messageOf(error)}`, { cause: error });
  }
}
