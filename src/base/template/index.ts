import type { Node } from './ast.ts';
import { evaluate, type TemplateLimits } from './evaluate.ts';
import { FUNCTIONS, HEADER_FUNCTIONS } from './functions.ts';
import { TemplateSyntaxError } from './lex.ts';
import { parseTemplate } from './parse.ts';
import { goMap, type Value } from './value.ts';

export { TemplateExecutionError, type TemplateLimits } from './evaluate.ts';
export { goJson, goJsonString } from './go-json.ts';
export { TemplateSyntaxError } from './lex.ts';
export { display, Fields, GoTime, goMap, NIL_MAP, NIL_SLICE, type Value } from './value.ts';

/** A parsed Go template. */
export class Template {
  readonly #source: string;
  readonly #name: string;
  readonly #nodes: readonly Node[];

  /** `name` is part of the messages of errors. @throws TemplateSyntaxError */
  constructor(source: string, name = '') {
    this.#source = source;
    this.#name = name;
    try {
      this.#nodes = parseTemplate(source, isFunction);
    } catch (error) {
      throw error instanceof TemplateSyntaxError ? error.of(name) : error;
    }
  }

  /** @throws TemplateExecutionError */
  execute(data: Value, limits?: TemplateLimits): string {
    return evaluate(this.#source, this.#nodes, data, { functions: FUNCTIONS, name: this.#name, limits });
  }

  /**
   * Executes the header line of a table: fields are their titles, functions have no effect. @throws
   * TemplateExecutionError
   */
  header(titles: Readonly<Record<string, string>>): string {
    const header = goMap({ ...titles, Label: labelTitle });
    return evaluate(this.#source, this.#nodes, header, { functions: HEADER_FUNCTIONS, name: this.#name });
  }
}

function isFunction(name: string): boolean {
  return name === 'and' || name === 'or' || Object.hasOwn(FUNCTIONS, name);
}

/** Title of a label's column: the last part of its name, as words. */
function labelTitle(name: string): string {
  return (name.split('.').at(-1) ?? '').replace(/[-_]/g, ' ');
}
