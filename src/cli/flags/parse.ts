import { messageOf } from '../../base/errors.ts';
import { UsageError } from '../errors.ts';
import { type Flag, isRepeatable } from './flag.ts';
import { checkValue, parseBool, parseInteger } from './values.ts';

/** What the user gave, by flag name. Accessors fall back to the flag's default. */
export class Flags {
  readonly #table: ReadonlyMap<string, Flag>;
  readonly #given = new Map<string, string[]>();

  constructor(table: readonly Flag[]) {
    this.#table = new Map(table.map((flag) => [flag.name, flag]));
  }

  set(flag: Flag, value: string): void {
    const name = flag.alias ?? flag.name;
    const before = this.#given.get(name);
    if (before !== undefined && isRepeatable(flag.type)) before.push(value);
    else this.#given.set(name, [value]);
  }

  changed(name: string): boolean {
    return this.#given.has(name);
  }

  bool(name: string): boolean {
    const value = this.#given.get(name)?.at(-1) ?? this.#default(name);
    return value === '' ? false : parseBool(value);
  }

  string(name: string): string {
    return this.#given.get(name)?.at(-1) ?? this.#default(name);
  }

  /** Of int flags; beyond 2^53 it is rounded, as JSON would. */
  int(name: string): number {
    const value = this.#given.get(name)?.at(-1) ?? this.#default(name);
    return value === '' ? 0 : Number(parseInteger(value));
  }

  list(name: string): readonly string[] {
    return this.#given.get(name) ?? [];
  }

  #default(name: string): string {
    const flag = this.#table.get(name);
    if (flag === undefined) throw new Error(`no flag --${name} is declared`);
    return flag.default.startsWith('map[') || flag.default === '<nil>' ? '' : flag.default;
  }
}

export interface ParseOptions {
  /** False: flags end at the first argument (`run IMAGE -x` passes `-x` on). */
  readonly interspersed: boolean;
}

/**
 * Parses as pflag does: `--name value`, `--name=value`, `-n value`, `-nvalue`, `-n=value`, `-abc` of booleans, `--` ends.
 * @throws UsageError in pflag's words
 */
export function parseFlags(
  table: readonly Flag[],
  argv: readonly string[],
  options: ParseOptions,
): { flags: Flags; args: string[] } {
  const flags = new Flags(table);
  const byName = new Map(table.map((flag) => [flag.name, flag]));
  const byShort = new Map(table.flatMap((flag) => (flag.short === undefined ? [] : [[flag.short, flag] as const])));
  const args: string[] = [];
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] ?? '';
    if (word === '--') {
      args.push(...argv.slice(at + 1));
      break;
    }
    if (word === '-' || !word.startsWith('-')) {
      if (!options.interspersed) {
        args.push(...argv.slice(at));
        break;
      }
      args.push(word);
    } else if (word.startsWith('--')) {
      at += long(word, argv[at + 1]);
    } else {
      at += short(word, argv[at + 1]);
    }
  }
  return { flags, args };

  /** Returns how many more words it took. */
  function long(word: string, next: string | undefined): number {
    const equals = word.indexOf('=');
    const name = equals === -1 ? word.slice(2) : word.slice(2, equals);
    const flag = byName.get(name);
    if (name === '' || name.startsWith('-')) throw new UsageError(`bad flag syntax: ${word}`);
    if (flag === undefined) {
      if (name === 'help') throw new HelpRequest();
      throw new UsageError(`unknown flag: --${name}`);
    }
    if (equals !== -1) return assign(flag, word.slice(equals + 1), 0);
    if (flag.type === 'bool') return assign(flag, 'true', 0);
    if (next === undefined) throw new UsageError(`flag needs an argument: --${name}`);
    return assign(flag, next, 1);
  }

  function short(word: string, next: string | undefined): number {
    for (let at = 1; at < word.length; at++) {
      const letter = word[at] ?? '';
      const flag = byShort.get(letter);
      if (flag === undefined) {
        if (letter === 'h') throw new HelpRequest();
        throw new UsageError(`unknown shorthand flag: '${letter}' in -${word.slice(at)}`);
      }
      const rest = word.slice(at + 1);
      if (rest.startsWith('=') && rest.length > 1) return assign(flag, rest.slice(1), 0);
      if (flag.type === 'bool') assign(flag, 'true', 0);
      else if (rest !== '') return assign(flag, rest, 0);
      else if (next === undefined) throw new UsageError(`flag needs an argument: '${letter}' in -${word.slice(at)}`);
      else return assign(flag, next, 1);
    }
    return 0;
  }

  function assign(flag: Flag, value: string, taken: number): number {
    if (flag.name === 'help' && flag.type === 'bool') throw new HelpRequest();
    try {
      checkValue(flag, value);
    } catch (error) {
      const shown = flag.short === undefined ? `--${flag.name}` : `-${flag.short}, --${flag.name}`;
      throw new UsageError(`invalid argument ${JSON.stringify(value)} for "${shown}" flag: ${messageOf(error)}`);
    }
    flags.set(flag, value);
    return taken;
  }
}

/** `--help` was given: not a failure. */
export class HelpRequest extends Error {}
