import { CliError } from '../errors.ts';

/** Splits a value of CSV, with quotes as in `"a,b",c`. */
export function csvFields(text: string): string[] {
  const fields: string[] = [];
  const pattern = /(?:"((?:[^"]|"")*)"|([^,]*))(?:,|$)/gy;
  while (pattern.lastIndex < text.length) {
    const match = pattern.exec(text);
    if (match === null) return text.split(',');
    fields.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '');
  }
  return fields;
}

/** Reads `type=local,dest=out`. Keys are in lower case, unless their case has a meaning. @throws CliError */
export function keyValues(text: string, what: string, { keepsCase = false } = {}): Record<string, string> {
  return Object.fromEntries(
    csvFields(text).map((field) => {
      const at = field.indexOf('=');
      if (at < 0) throw new CliError(1, `invalid value ${JSON.stringify(field)} in ${what}: expected key=value`);
      const key = field.slice(0, at).trim();
      return [keepsCase ? key : key.toLowerCase(), field.slice(at + 1).trim()];
    }),
  );
}

/** Splits at the first sign. The second part is undefined without it. */
export function cut(text: string, sign: string): readonly [string, string | undefined] {
  const at = text.indexOf(sign);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + sign.length)];
}
