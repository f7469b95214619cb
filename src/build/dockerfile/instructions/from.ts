import { invalid } from '../../../base/errors.ts';
import type { ParsedInstruction } from '../parse/tree.ts';
import { quote } from '../values/quote.ts';
import { descriptionOf } from './description.ts';
import { readFlags } from './flags.ts';
import type { FromInstruction, Source } from './instruction.ts';

const STAGE_NAME = /^[a-z][a-z0-9-_.]*$/;

/** @throws EngineError invalid */
export function readFrom({ words, flags }: ParsedInstruction, source: Source): FromInstruction {
  const stageName = stageNameOf(words);
  return {
    ...source,
    kind: 'from',
    base: words[0] ?? '',
    stageName,
    platform: readFlags(flags, { platform: 'text' }).text('platform'),
    description: descriptionOf(source.comments, stageName) ?? '',
  };
}

function stageNameOf(words: readonly string[]): string {
  if (words.length === 1) return '';
  const [, as = '', name = ''] = words;
  if (words.length !== 3 || as.toLowerCase() !== 'as') throw invalid('FROM requires either one or three arguments');
  const lower = name.toLowerCase();
  if (STAGE_NAME.test(lower)) return lower;
  throw invalid(`invalid name for build stage: ${quote(name)}, name can't start with a number or contain symbols`);
}
