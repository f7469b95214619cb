import type { Instruction } from '../instructions/instruction.ts';
import type { Stage } from '../instructions/read-stages.ts';
import { DETAILS } from './rules.ts';
import type { Warnings } from './warnings.ts';

const RESERVED: ReadonlySet<string> = new Set(['context', 'scratch']);

/** The rules about stages' names. */
export function lintStageNames(stages: readonly Stage[], warnings: Warnings): void {
  const names = new Set<string>();
  for (const { from } of stages) {
    const name = from.stageName;
    if (name === '') continue;
    if (RESERVED.has(name)) warnings.add('ReservedStageName', from, DETAILS.reservedStage(name));
    if (names.has(name)) warnings.add('DuplicateStageName', from, DETAILS.duplicateStage(name));
    names.add(name);
  }
}

/** All keywords of stages have the case of most of them. As many of both mean upper case. */
export function lintCasing(stages: readonly Stage[], warnings: Warnings): void {
  const all = stages.flatMap<Pick<Instruction, 'name' | 'range' | 'comments'>>((stage) => [
    stage.from,
    ...stage.instructions,
  ]);
  const lower = all.filter(({ name }) => name === name.toLowerCase()).length;
  const upper = all.filter(({ name }) => name !== name.toLowerCase() && name === name.toUpperCase()).length;
  const isLower = lower > upper;
  for (const instruction of all) {
    const { name } = instruction;
    if (name === (isLower ? name.toLowerCase() : name.toUpperCase())) continue;
    const casing = isLower ? 'lowercase' : 'uppercase';
    warnings.add('ConsistentInstructionCasing', instruction, DETAILS.instructionCasing(name, casing));
  }
}
