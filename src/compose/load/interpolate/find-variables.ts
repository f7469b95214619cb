import { isList, isMapping, type Value } from '../../model/value.ts';
import { TemplateError, variableAt } from './template.ts';

/** A variable that a project uses, as `config --variables` shows it. */
export interface UsedVariable {
  readonly name: string;
  readonly required: boolean;
  readonly defaultValue: string;
  /** The value that `:+` and `+` give. */
  readonly alternateValue: string;
}

/** All variables in the texts of a value, each with what its last use says. */
export function findVariables(value: Value): ReadonlyMap<string, UsedVariable> {
  const found = new Map<string, UsedVariable>();
  collect(value, found);
  return found;
}

function collect(value: Value, found: Map<string, UsedVariable>): void {
  if (typeof value === 'string') collectText(value, found);
  else if (isList(value)) for (const item of value) collect(item, found);
  else if (isMapping(value)) for (const entry of value.values()) collect(entry, found);
}

function collectText(text: string, found: Map<string, UsedVariable>): void {
  let at = 0;
  for (;;) {
    const dollar = text.indexOf('$', at);
    if (dollar < 0) return;
    const variable = text[dollar + 1] === '$' ? undefined : variableOf(text, dollar);
    at = variable?.end ?? dollar + (text[dollar + 1] === '$' ? 2 : 1);
    if (variable === undefined) continue;
    const { name, operator, operand } = variable;
    const defaultValue = operator.endsWith('-') ? operand : '';
    const alternateValue = operator.endsWith('+') ? operand : '';
    found.set(name, { name, required: operator.endsWith('?'), defaultValue, alternateValue });
    collectText(defaultValue + alternateValue, found);
  }
}

function variableOf(text: string, dollar: number): ReturnType<typeof variableAt> {
  try {
    return variableAt(text, dollar);
  } catch (error) {
    if (error instanceof TemplateError) return undefined;
    throw error;
  }
}
