/** The properties of a flag that the grammar needs. */
export interface FlagShape {
  /** Long name without dashes. */
  readonly name: string;
  /** One letter. */
  readonly short?: string;
  /** Whether it takes a value only after `=`. */
  readonly isBool: boolean;
}

export interface ScanOptions<F extends FlagShape> {
  /** False: flags end at the first argument (`run IMAGE -x` passes `-x` on). */
  readonly interspersed: boolean;
  /**
   * Called with each flag in turn, with `true` for a boolean without a value. An error that it throws ends the scan.
   */
  assign(flag: F, value: string): void;
}

/**
 * Scans a command line as Go's pflag does, whose grammar docker and dockerd have: `--name value`, `--name=value`, `-n
 * value`, `-nvalue`, `-n=value`, `-abc` of booleans; `--` ends the flags. Returns the arguments. @throws Error in
 * pflag's words
 */
export function scanFlags<F extends FlagShape>(
  table: readonly F[],
  argv: readonly string[],
  { interspersed, assign }: ScanOptions<F>,
): string[] {
  const byName = new Map(table.map((flag) => [flag.name, flag]));
  const byShort = new Map(table.flatMap((flag) => (flag.short === undefined ? [] : [[flag.short, flag] as const])));
  const args: string[] = [];
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] ?? '';
    if (word === '--') return [...args, ...argv.slice(at + 1)];
    if (word === '-' || !word.startsWith('-')) {
      if (!interspersed) return [...args, ...argv.slice(at)];
      args.push(word);
    } else {
      const scan = word.startsWith('--')
        ? scanLong(byName, word, argv[at + 1])
        : scanShort(byShort, word, argv[at + 1]);
      for (const { flag, value, words } of scan) {
        assign(flag, value);
        at += words;
      }
    }
  }
  return args;
}

/**
 * A flag of a word, and whether its value was the next word. Errors are reported in order: after an earlier `--help`.
 */
interface Given<F> {
  readonly flag: F;
  readonly value: string;
  readonly words: 0 | 1;
}

function* scanLong<F extends FlagShape>(
  byName: ReadonlyMap<string, F>,
  word: string,
  next: string | undefined,
): Generator<Given<F>> {
  const equals = word.indexOf('=');
  const name = equals === -1 ? word.slice(2) : word.slice(2, equals);
  if (name === '' || name.startsWith('-')) throw new Error(`bad flag syntax: ${word}`);
  const flag = byName.get(name);
  if (flag === undefined) throw new Error(`unknown flag: --${name}`);
  if (equals !== -1) yield { flag, value: word.slice(equals + 1), words: 0 };
  else if (flag.isBool) yield { flag, value: 'true', words: 0 };
  else if (next === undefined) throw new Error(`flag needs an argument: --${name}`);
  else yield { flag, value: next, words: 1 };
}

function* scanShort<F extends FlagShape>(
  byShort: ReadonlyMap<string, F>,
  word: string,
  next: string | undefined,
): Generator<Given<F>> {
  for (let at = 1; at < word.length; at++) {
    const letter = word[at] ?? '';
    const flag = byShort.get(letter);
    if (flag === undefined) throw new Error(`unknown shorthand flag: '${letter}' in -${word.slice(at)}`);
    const rest = word.slice(at + 1);
    if (rest.startsWith('=') && rest.length > 1) return yield { flag, value: rest.slice(1), words: 0 };
    if (flag.isBool) yield { flag, value: 'true', words: 0 };
    else if (rest !== '') return yield { flag, value: rest, words: 0 };
    else if (next === undefined) throw new Error(`flag needs an argument: '${letter}' in -${word.slice(at)}`);
    else return yield { flag, value: next, words: 1 };
  }
}
