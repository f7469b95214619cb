/** How variables are found, and where warnings go. */
export interface Variables {
  /** Undefined when the variable is not set. */
  readonly get: (name: string) => string | undefined;
  readonly warn: (text: string) => void;
}

/** A text has a `${` that begins no variable. `template` is the text. */
export class TemplateError extends Error {
  readonly template: string;

  constructor(template: string) {
    super(`Invalid template: ${JSON.stringify(template)}`);
    this.template = template;
  }
}

/** A variable with `:?` or `?` has no value. */
export class RequiredError extends Error {
  constructor(name: string, reason: string) {
    super(`required variable ${name} is missing a value${reason === '' ? '' : `: ${reason}`}`);
  }
}

const NAME = /[_a-zA-Z][_a-zA-Z0-9]*/y;
const OPERATOR = /:?[-+?]/y;
const DEPTH_MAX = 50;

/** A variable in a text: `$NAME`, `${NAME}`, or `${NAME OPERATOR OPERAND}`. */
export interface Variable {
  readonly name: string;
  readonly operator: string;
  readonly operand: string;
  /** Where it ends in the text. */
  readonly end: number;
}

/**
 * Replaces variables: `$NAME`, `${NAME}`, with `:-` `-` a default, with `:?` `?` an error, with `:+` `+` another value. Operands may have
 * variables, too. `$$` is a dollar. @throws TemplateError, RequiredError
 */
export function substitute(template: string, variables: Variables, depth = 0): string {
  if (!template.includes('$')) return template;
  if (depth > DEPTH_MAX) throw new TemplateError(template);
  let result = '';
  let at = 0;
  for (;;) {
    const dollar = template.indexOf('$', at);
    if (dollar < 0) return result + template.slice(at);
    result += template.slice(at, dollar);
    if (template[dollar + 1] === '$') {
      result += '$';
      at = dollar + 2;
      continue;
    }
    const variable = variableAt(template, dollar);
    if (variable === undefined) {
      result += '$';
      at = dollar + 1;
      continue;
    }
    result += replacementOf(variable, variables, depth);
    at = variable.end;
  }
}

/** The variable at a dollar. Undefined when the dollar stands for itself. @throws TemplateError */
export function variableAt(template: string, dollar: number): Variable | undefined {
  const isBraced = template[dollar + 1] === '{';
  const name = match(NAME, template, dollar + (isBraced ? 2 : 1));
  if (!isBraced) return name === '' ? undefined : { name, operator: '', operand: '', end: dollar + 1 + name.length };
  const after = dollar + 2 + name.length;
  if (name === '') throw new TemplateError(template);
  if (template[after] === '}') return { name, operator: '', operand: '', end: after + 1 };
  const operator = match(OPERATOR, template, after);
  const close = operator === '' ? -1 : closingBrace(template, dollar + 1);
  if (close < 0) throw new TemplateError(template);
  return { name, operator, operand: template.slice(after + operator.length, close), end: close + 1 };
}

function match(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? '';
}

/**
 * The brace that closes the one at `open`, on its line. A character behind an opening brace never closes it. When braces do not
 * match, it is the last one on the line.
 */
function closingBrace(text: string, open: number): number {
  const newline = text.indexOf('\n', open);
  const end = newline < 0 ? text.length : newline;
  let depth = 0;
  for (let at = open; at < end; at++) {
    if (text[at] === '}' && --depth === 0) return at;
    if (text[at] === '{') {
      depth++;
      at++;
    }
  }
  const last = text.lastIndexOf('}', end - 1);
  return last > open ? last : -1;
}

function replacementOf({ name, operator, operand }: Variable, variables: Variables, depth: number): string {
  const value = variables.get(name);
  if (operator === '') {
    if (value === undefined)
      variables.warn(`The ${JSON.stringify(name)} variable is not set. Defaulting to a blank string.`);
    return value ?? '';
  }
  const isSet = value !== undefined && !(operator.startsWith(':') && value === '');
  const other = substitute(operand, variables, depth + 1);
  if (operator.endsWith('+')) return isSet ? other : (value ?? '');
  if (isSet) return value;
  if (operator.endsWith('?')) throw new RequiredError(name, other);
  return other;
}
