import { invalid } from '../../../base/errors.ts';
import { didYouMean } from '../values/suggest.ts';

type FlagKind = 'boolean' | 'text' | 'texts';

/** The flags of a keyword, by name. */
export type FlagKinds = Readonly<Record<string, FlagKind>>;

/** The flags of an instruction, checked. */
export interface Flags {
  /** The value, or '' when the flag is not set. */
  text(name: string): string;
  texts(name: string): readonly string[];
  /** Undefined when the flag is not set. */
  boolean(name: string): boolean | undefined;
  readonly names: readonly string[];
}

/**
 * Checks the flags of an instruction.
 * @throws EngineError invalid `unknown flag: --x`, `missing a value on flag: --x`, ...
 */
export function readFlags(words: readonly string[], kinds: FlagKinds): Flags {
  const values = new Map<string, string[]>();
  for (const word of words) {
    const at = word.indexOf('=');
    const name = word.slice(2, at < 0 ? undefined : at);
    const value = at < 0 ? undefined : word.slice(at + 1);
    const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
    if (kind === undefined) throw invalid(`unknown flag: --${name}${didYouMean(name, Object.keys(kinds))}`);
    if (values.has(name) && kind !== 'texts') throw invalid(`duplicate flag specified: --${name}`);
    const list = values.get(name) ?? [];
    list.push(checkedValue(name, kind, value));
    values.set(name, list);
  }
  return {
    text: (name) => values.get(name)?.[0] ?? '',
    texts: (name) => values.get(name) ?? [],
    boolean: (name) => (values.has(name) ? values.get(name)?.[0] === 'true' : undefined),
    names: [...values.keys()],
  };
}

function checkedValue(name: string, kind: FlagKind, value: string | undefined): string {
  if (kind === 'boolean') return booleanValue(name, value);
  if (value === undefined) throw invalid(`missing a value on flag: --${name}`);
  return value;
}

function booleanValue(name: string, value: string | undefined): string {
  if (value === undefined) return 'true';
  if (value === '') throw invalid(`missing a value on flag: --${name}`);
  const lower = value.toLowerCase();
  if (lower === 'true' || lower === 'false') return lower;
  throw invalid(`expecting boolean value for flag --${name}, not: ${value}`);
}
