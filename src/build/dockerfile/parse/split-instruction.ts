import type { Range } from '../location.ts';
import { splitArguments } from './split-arguments.ts';
import { splitKeyword } from './split-keyword.ts';
import type { Escape, ParsedInstruction } from './tree.ts';

export interface InstructionPlace {
  readonly escapeChar: Escape;
  readonly comments: readonly string[];
  readonly range: Range;
}

/** Splits one instruction, whose lines are joined. @throws EngineError invalid */
export function splitInstruction(text: string, { escapeChar, comments, range }: InstructionPlace): ParsedInstruction {
  const { name, flags, rest } = splitKeyword(text, escapeChar);
  const common = { name, flags, original: text, heredocs: [], comments, range };
  if (name.toLowerCase() !== 'onbuild') return { ...common, ...splitArguments(name, rest, escapeChar) };
  const none = { words: [], pairs: [], isJson: false };
  if (rest === '') return { ...common, ...none };
  const split = splitKeyword(rest, escapeChar);
  // An ONBUILD within is refused later. Its own inner instruction is not looked at, however deep they are nested.
  const inner = { ...common, ...none, ...splitArguments(split.name, split.rest, escapeChar) };
  return { ...common, ...none, inner: { ...inner, name: split.name, flags: split.flags, original: rest } };
}
