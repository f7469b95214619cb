import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { messageOf } from '../../../base/errors.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the variables of `--env-file`s, then those of `-e`. A name without value takes this process's value. @throws
 * Error
 */
export function readEnvironment(files: readonly string[], given: readonly string[], env: Environment): string[] {
  const fromFiles = files.flatMap((file) => readKeyValueFile(file, env));
  const fromFlags = given.map((each) => {
    if (each.includes('=')) return each;
    const value = env[each];
    return value === undefined ? each : `${each}=${value}`;
  });
  return [...fromFiles, ...fromFlags];
}

/** Reads the labels of `--label-file`s, then those of `--label`. @throws Error */
export function readLabels(files: readonly string[], given: readonly string[]): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const each of [...files.flatMap((file) => readKeyValueFile(file, {})), ...given]) {
    const equals = each.indexOf('=');
    labels[equals === -1 ? each : each.slice(0, equals)] = equals === -1 ? '' : each.slice(equals + 1);
  }
  return labels;
}

class BadEncoding extends Error {}

/** @throws BadEncoding naming the first line that is not UTF-8 */
function decodeLines(file: string, bytes: Buffer): string {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  try {
    return decoder.decode(bytes);
  } catch {
    let start = 0;
    for (let line = 1; ; line++) {
      const newline = bytes.indexOf(0x0a, start);
      const end = newline === -1 ? bytes.length : newline;
      const part = bytes.subarray(start, end);
      if (!isUtf8(part) || newline === -1)
        throw new BadEncoding(
          `invalid env file (${file}): invalid utf8 bytes at line ${line}: [${[...part].join(' ')}]`,
        );
      start = end + 1;
    }
  }
}

/**
 * Reads lines of `NAME=value`. `#` starts a comment line. A name alone takes its value from the environment, or is
 * omitted.
 */
function readKeyValueFile(file: string, env: Environment): string[] {
  let text: string;
  try {
    text = decodeLines(file, readFileSync(file));
  } catch (error) {
    if (error instanceof BadEncoding) throw error;
    throw new Error(
      `open ${file}: ${/ENOENT/.test(messageOf(error)) ? 'no such file or directory' : messageOf(error)}`,
    );
  }
  const lines: string[] = [];
  for (const raw of text.split(/\r?\n/)) {
    const line = raw.replace(/^\s+/, '');
    if (line === '' || line.startsWith('#')) continue;
    const equals = line.indexOf('=');
    const name = equals === -1 ? line.trimEnd() : line.slice(0, equals);
    if (name === '') throw new Error(`invalid env file (${file}): no variable name on line '${line}'`);
    if (/\s/.test(name)) throw new Error(`invalid env file (${file}): variable '${name}' contains whitespaces`);
    if (equals !== -1) lines.push(line);
    else {
      const value = env[name];
      if (value !== undefined) lines.push(`${name}=${value}`);
    }
  }
  return lines;
}
