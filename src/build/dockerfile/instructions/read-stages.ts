import { EngineError, invalid } from '../../../base/errors.ts';
import { STAGES_MAX } from '../limits.ts';
import type { Escape, ParsedDockerfile, ParsedInstruction } from '../parse/tree.ts';
import { placeOf, sourceError } from '../source-error.ts';
import type { ArgInstruction, FromInstruction, Instruction } from './instruction.ts';
import { readInstruction } from './read-instruction.ts';

/** A FROM and what follows it. */
export interface Stage {
  /** From 0. */
  readonly index: number;
  readonly from: FromInstruction;
  readonly instructions: readonly Instruction[];
}

/** A checked Dockerfile. */
export interface Dockerfile {
  readonly escapeChar: Escape;
  /** ARG before the first FROM. */
  readonly globalArgs: readonly ArgInstruction[];
  /** At least one. */
  readonly stages: readonly Stage[];
}

/**
 * Checks the instructions of a Dockerfile and divides them into stages.
 * @throws EngineError invalid, in BuildKit's words; `placeOf` returns the place
 */
export function readStages(parsed: ParsedDockerfile): Dockerfile {
  const globalArgs: ArgInstruction[] = [];
  const stages: (Stage & { readonly instructions: Instruction[] })[] = [];
  for (const each of parsed.instructions) {
    const instruction = readNumbered(each);
    if (instruction.kind === 'from') {
      if (stages.length === STAGES_MAX) throw sourceError('the Dockerfile has too many stages', each.range);
      stages.push({ index: stages.length, from: instruction, instructions: [] });
      continue;
    }
    const stage = stages.at(-1);
    if (stage !== undefined) stage.instructions.push(instruction);
    else if (instruction.kind === 'arg') globalArgs.push(instruction);
    else throw sourceError('no build stage in current context', each.range);
  }
  if (stages.length === 0) throw invalid('dockerfile contains no stages to build');
  return { escapeChar: parsed.escapeChar, globalArgs, stages };
}

/** Errors of single instructions name their line. */
function readNumbered(parsed: ParsedInstruction): Instruction | FromInstruction {
  try {
    return readInstruction(parsed);
  } catch (error) {
    if (!(error instanceof EngineError) || placeOf(error) === undefined) throw error;
    const { line } = parsed.range.start;
    throw sourceError(`dockerfile parse error on line ${line}: ${error.message}`, parsed.range);
  }
}
