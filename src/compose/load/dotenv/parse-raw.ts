import { trimStart } from '../../../base/go-space.ts';
import type { Variables } from '../interpolate/template.ts';
import { DotenvError } from './parse-dotenv.ts';

/**
 * Parses a file of variables in the format `raw`, that of `docker run --env-file`: `NAME=value` line by line, without quotes and
 * replacements. `NAME` alone takes its value from `variables`. @throws DotenvError
 */
export function parseRaw(text: string, into: Map<string, string>, variables: Variables): void {
  const lines = (text.startsWith('\uFEFF') ? text.slice(1) : text).split(/\r?\n/);
  for (const [index, given] of lines.entries()) {
    const line = trimStart(given);
    if (line === '' || line.startsWith('#')) continue;
    const at = line.indexOf('=');
    const name = at < 0 ? line : line.slice(0, at);
    if (name === '') throw new DotenvError(index + 1, `no variable name on line '${line}'`);
    if (/\s/.test(name)) throw new DotenvError(index + 1, `variable '${name}' contains whitespaces`);
    const value = at < 0 ? variables.get(name) : line.slice(at + 1);
    if (value !== undefined) into.set(name, value);
  }
}
