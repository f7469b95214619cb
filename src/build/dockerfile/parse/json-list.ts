import { invalid } from '../../../base/errors.ts';
import { trimStart } from '../../../base/go-space.ts';

/**
 * A JSON list of strings. Undefined when the text is not JSON, and so stands for itself.
 * @throws EngineError invalid when it is JSON with other values in it
 */
export function jsonList(text: string): string[] | undefined {
  const body = trimStart(text);
  if (!body.startsWith('[')) return undefined;
  const list = parseList(body);
  if (list === undefined) return undefined;
  return list.map((item) => {
    if (typeof item === 'string') return item.toWellFormed();
    throw invalid('when using JSON array syntax, arrays must be comprised of strings only');
  });
}

function parseList(text: string): readonly unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
