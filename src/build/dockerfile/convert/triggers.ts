import { invalid } from '../../../base/errors.ts';
import type { Instruction } from '../instructions/instruction.ts';
import { readInstruction } from '../instructions/read-instruction.ts';
import type { Range } from '../location.ts';
import { parseDockerfile } from '../parse/parse-dockerfile.ts';
import { atPlace } from '../source-error.ts';

/** Reads an ONBUILD of a base image. Its place is that of the FROM. @throws EngineError invalid */
export function readTriggers(text: string, range: Range): Instruction[] {
  return atPlace(range, () =>
    parseDockerfile(text).instructions.map((parsed) => {
      const instruction = readInstruction({ ...parsed, range });
      const { kind, name } = instruction;
      if (kind === 'from' || kind === 'maintainer' || kind === 'onbuild') {
        throw invalid(`${name.toUpperCase()} isn't allowed as an ONBUILD trigger`);
      }
      return instruction;
    }),
  );
}
