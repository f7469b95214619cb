import { invalid } from '../../base/errors.ts';

/** One Dockerfile instruction of a change. */
export interface Instruction {
  /** In capitals. */
  readonly command: string;
  /** `--name=value` words at the start, in order. */
  readonly flags: readonly (readonly [name: string, value: string])[];
  readonly rest: string;
  /** The whole line, continuations joined. */
  readonly original: string;
}

/**
 * Splits changes into instructions. Continued lines are joined; comments and empty lines are skipped. @throws
 * EngineError invalid when no instruction is left
 */
export function parseChanges(changes: readonly string[]): Instruction[] {
  if (changes.length === 0) return [];
  const lines: string[] = [];
  let open = '';
  for (const line of changes.join('\n').split(/\r?\n/)) {
    if (/^\s*#/.test(line) || (open !== '' && line.trim() === '')) continue;
    const continued = /^(.*)\\[ \t]*$/s.exec(open + (open === '' ? line.trimStart() : line));
    if (continued !== null) {
      open = continued[1] ?? '';
      continue;
    }
    lines.push(open === '' ? line.trim() : open + line.trimEnd());
    open = '';
  }
  if (open !== '') lines.push(open.trim());
  const instructions = lines.filter((line) => line !== '').map(parseInstruction);
  if (instructions.length === 0) throw invalid('file with no instructions');
  return instructions;
}

function parseInstruction(line: string): Instruction {
  const [, word = '', tail = ''] = /^(\S+)\s*(.*)$/s.exec(line) ?? [];
  const flags: (readonly [string, string])[] = [];
  let rest = tail.trim();
  for (;;) {
    const [whole, name, value = ''] = /^--([^\s=]*)(?:=(\S*))?(?:\s+|$)/.exec(rest) ?? [];
    if (whole === undefined || name === undefined) break;
    rest = rest.slice(whole.length);
    // A bare `--` ends the flags.
    if (name === '') break;
    flags.push([name, value]);
  }
  return { command: word.toUpperCase(), flags, rest, original: line };
}

/**
 * Parses a JSON list of strings. Returns undefined for anything else. @throws EngineError invalid for a list with other
 * elements
 */
export function jsonList(text: string): readonly string[] | undefined {
  if (!text.startsWith('[')) return undefined;
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!Array.isArray(list)) return undefined;
  if (list.some((item) => typeof item !== 'string')) {
    throw invalid('when using JSON array syntax, arrays must be comprised of strings only');
  }
  return list;
}
