import { expandInstruction } from '../instructions/expand-instruction.ts';
import type { Instruction } from '../instructions/instruction.ts';
import { atPlace } from '../source-error.ts';
import { convertCopy } from './convert-copy.ts';
import { convertRun } from './convert-run.ts';
import { convertSettings } from './convert-settings.ts';
import type { InstructionContext } from './instruction-context.ts';

/** Adds what an instruction does to its stage. @throws EngineError, with the instruction's place */
export function convertInstruction(
  given: Instruction,
  context: InstructionContext & { content(text: string): string },
): void {
  atPlace(given.range, () => {
    const instruction = expandInstruction(given, context);
    if (instruction.kind === 'run') convertRun(instruction, context);
    else if (instruction.kind === 'add' || instruction.kind === 'copy') convertCopy(instruction, context);
    else convertSettings(instruction, context);
  });
}

/** Whether people see a step for the instruction. */
export function isStep({ kind }: Instruction): boolean {
  return kind === 'run' || kind === 'add' || kind === 'copy' || kind === 'workdir';
}
