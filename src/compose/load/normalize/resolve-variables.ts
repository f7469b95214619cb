import { isList, isMapping, type Mapping, type Value } from '../../model/value.ts';
import { mapAt } from '../map-at.ts';

/** Holds the value of a secret from a variable. It is never printed. */
export const SECRET_VALUE = 'x-#value';

/**
 * Fills in variables that are named without a value: `- NAME` in the environment of a service, and the content of configs from a
 * variable.
 */
export function resolveVariables(project: Mapping, environment: ReadonlyMap<string, string>): Mapping {
  const pair = (item: Value): Value => {
    const value = typeof item === 'string' ? environment.get(item) : undefined;
    return value === undefined ? item : `${item as string}=${value}`;
  };
  const filled =
    (key: string) =>
    (file: Value): Value => {
      const name = isMapping(file) ? file.get('environment') : undefined;
      const value = typeof name === 'string' ? environment.get(name) : undefined;
      return isMapping(file) && value !== undefined ? new Map([...file, [key, value]]) : file;
    };
  return mapAt(project, {
    'services.*.environment': (value) => (isList(value) ? value.map(pair) : value),
    'configs.*': filled('content'),
    'secrets.*': filled(SECRET_VALUE),
  });
}
