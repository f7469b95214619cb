import { EngineError } from '../../../base/errors.ts';

/** Makes a name valid: lower case, only letters, digits, `_` and `-`, and none of the last two at its start. */
export function normalizeName(name: string): string {
  return (name.toLowerCase().match(/[a-z0-9_-]/g) ?? []).join('').replace(/^[_-]+/, '');
}

/** @throws EngineError for a name that is not valid */
export function checkName(name: string): string {
  if (normalizeName(name) === name) return name;
  throw new EngineError(
    'invalid',
    `invalid project name ${JSON.stringify(name)}: must consist only of lowercase alphanumeric characters, hyphens, and underscores as well as start with a letter or number`,
  );
}
