import type { ParsedInstruction } from '../parse/tree.ts';
import { DETAILS } from './rules.ts';
import type { Warnings } from './warnings.ts';

/** The rules about single instructions. They need no checked instruction. */
export function lintInstruction(instruction: ParsedInstruction, warnings: Warnings): void {
  const keyword = instruction.name.toLowerCase();
  if (keyword === 'maintainer') warnings.add('MaintainerDeprecated', instruction, DETAILS.maintainer());
  if (keyword === 'arg') lintDescription(instruction, instruction.words.map(argName), warnings);
  if (keyword === 'from') lintFrom(instruction, warnings);
}

function lintFrom(from: ParsedInstruction, warnings: Warnings): void {
  const [, as, stage] = from.words;
  if (as === undefined || stage === undefined) return;
  if (from.words.length === 3 && stage !== stage.toLowerCase()) {
    warnings.add('StageNameCasing', from, DETAILS.stageNameCasing(stage));
  }
  const isLower = from.name === from.name.toLowerCase();
  const isUpper = from.name === from.name.toUpperCase();
  const wanted = isLower ? as.toLowerCase() : as.toUpperCase();
  if ((isLower || isUpper) && as !== wanted) {
    warnings.add('FromAsCasing', from, DETAILS.fromAsCasing(from.name, as));
  }
  lintDescription(from, [stage.toLowerCase()], warnings);
}

/** The comment directly before an ARG or a named FROM describes what it defines. */
function lintDescription(instruction: ParsedInstruction, names: readonly string[], warnings: Warnings): void {
  const [word] = instruction.comments.at(-1)?.split(' ') ?? [];
  const [first] = names;
  if (word === undefined || first === undefined || names.includes(word)) return;
  const example = names.length > 1 ? '<arg_key>' : first;
  const keyword = instruction.name.toUpperCase();
  warnings.add('InvalidDefinitionDescription', instruction, DETAILS.description(keyword, example));
}

function argName(word: string): string {
  return word.split('=', 1)[0] ?? '';
}
