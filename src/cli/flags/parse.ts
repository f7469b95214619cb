import { messageOf } from '../../base/errors.ts';
import { type FlagShape, scanFlags } from '../../base/scan-flags.ts';
import { UsageError } from '../errors.ts';
import { type Flag, isRepeatable } from './flag.ts';
import { checkValue, parseBool, parseInteger } from './values.ts';

/** The given flags, by name. Accessors return the flag's default for others. */
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

  /** Whether the command has the flag. */
  declares(name: string): boolean {
    return this.#table.has(name);
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

  /** The value of an int flag. Beyond 2^53 it is rounded, as in JSON. */
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
 * Parses flags with the grammar of {@link scanFlags}, and checks their values. Every command accepts `--help` and,
 * unless it has another meaning, `-h`. @throws UsageError in pflag's words, HelpRequest
 */
export function parseFlags(
  table: readonly Flag[],
  argv: readonly string[],
  { interspersed }: ParseOptions,
): { flags: Flags; args: string[] } {
  const flags = new Flags(table);
  const assign = ({ flag }: Shape, value: string): void => {
    if (flag === undefined) throw new HelpRequest();
    set(flags, flag, value);
  };
  try {
    return { flags, args: scanFlags<Shape>(shapes(table), argv, { interspersed, assign }) };
  } catch (error) {
    if (error instanceof HelpRequest) throw error;
    throw new UsageError(messageOf(error));
  }
}

/** Undefined stands for `--help`. */
interface Shape extends FlagShape {
  readonly flag: Flag | undefined;
}

function shapes(table: readonly Flag[]): Shape[] {
  const isHelp = ({ name, type }: Flag): boolean => name === 'help' && type === 'bool';
  const own = table.map((flag) => ({
    name: flag.name,
    ...(flag.short === undefined ? {} : { short: flag.short }),
    isBool: flag.type === 'bool',
    flag: isHelp(flag) ? undefined : flag,
  }));
  const short = own.some((flag) => flag.short === 'h') ? {} : { short: 'h' };
  return [{ name: 'help', ...short, isBool: true, flag: undefined }, ...own];
}

/** @throws Error in pflag's words when the flag does not accept the value */
function set(flags: Flags, flag: Flag, value: string): void {
  try {
    checkValue(flag, value);
  } catch (error) {
    const shown = flag.short === undefined ? `--${flag.name}` : `-${flag.short}, --${flag.name}`;
    throw new Error(`invalid argument ${JSON.stringify(value)} for "${shown}" flag: ${messageOf(error)}`);
  }
  flags.set(flag, value);
}

/** Thrown for `--help`. It is not a failure. */
export class HelpRequest extends Error {}
