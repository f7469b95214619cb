import { ModelError } from '../../model/kind.ts';
import { isList, isMapping, type Mapping, type Value } from '../../model/value.ts';
import type { Rules } from '../rules.ts';
import { CASTS, type Cast } from './casts.ts';
import { substitute, TemplateError, type Variables } from './template.ts';

/** Replaces the variables in all texts of a project, and restores the types of the schema. Keys stay. @throws ModelError */
export function interpolate(project: Mapping, variables: Variables): Mapping {
  return new Map(
    [...project].map(([key, value]) => [key, walk(value, { path: [key], rules: CASTS.under(key) }, variables)]),
  );
}

interface At {
  readonly path: readonly string[];
  readonly rules: Rules<Cast>;
}

function walk(value: Value, at: At, variables: Variables): Value {
  const below = (key: string): At => ({ path: [...at.path, key], rules: at.rules.under(key) });
  if (typeof value === 'string') return replaced(value, at, variables);
  if (isList(value)) return value.map((item, index) => walk(item, below(String(index)), variables));
  if (isMapping(value)) return new Map([...value].map(([key, entry]) => [key, walk(entry, below(key), variables)]));
  return value;
}

function replaced(template: string, { path, rules }: At, variables: Variables): Value {
  let text: string;
  try {
    text = substitute(template, variables);
  } catch (error) {
    if (error instanceof TemplateError)
      throw new ModelError(
        path,
        `invalid interpolation format.\nYou may need to escape any $ with another $.\n${error.template}`,
      );
    throw new ModelError(path, error instanceof Error ? error.message : String(error));
  }
  const cast = rules.rule;
  if (cast === undefined) return text;
  const value = cast(text, variables.warn);
  if (value === undefined)
    throw new ModelError(path, `cannot be ${JSON.stringify(text)}: the schema wants another type`);
  return value;
}
