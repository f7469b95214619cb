import { invalid } from '../../../base/errors.ts';
import type { KeyValue, ParsedInstruction } from '../parse/tree.ts';
import { descriptionOf } from './description.ts';
import { readFlags } from './flags.ts';
import type { ArgDefinition, ArgInstruction, EnvInstruction, LabelInstruction, Source } from './instruction.ts';

/** @throws EngineError invalid */
export function readEnv(parsed: ParsedInstruction, source: Source): EnvInstruction {
  return { ...source, kind: 'env', pairs: pairsOf(parsed, 'ENV') };
}

/** @throws EngineError invalid */
export function readLabel(parsed: ParsedInstruction, source: Source): LabelInstruction {
  return { ...source, kind: 'label', pairs: pairsOf(parsed, 'LABEL') };
}

/** The flags of ARG are not looked at. @throws EngineError invalid */
export function readArg({ words }: ParsedInstruction, source: Source): ArgInstruction {
  if (words.length === 0) throw invalid('ARG requires at least one argument');
  return { ...source, kind: 'arg', args: words.map((word) => argDefinition(word, source.comments)) };
}

function pairsOf({ pairs, flags }: ParsedInstruction, keyword: string): readonly KeyValue[] {
  readFlags(flags, {});
  if (pairs.length === 0) throw invalid(`${keyword} requires at least one argument`);
  if (pairs.some(({ key }) => key === '')) throw invalid(`${keyword} names can not be blank`);
  return pairs;
}

function argDefinition(word: string, comments: readonly string[]): ArgDefinition {
  const at = word.indexOf('=');
  if (at === 0) throw invalid('ARG names can not be blank');
  const key = at < 0 ? word : word.slice(0, at);
  const description = descriptionOf(comments, key);
  return {
    key,
    ...(at < 0 ? {} : { value: word.slice(at + 1) }),
    ...(description === undefined ? {} : { description }),
  };
}
