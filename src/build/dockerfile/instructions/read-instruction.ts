import { invalid } from '../../../base/errors.ts';
import { trimSpace } from '../../../base/go-space.ts';
import { ownValue } from '../../../base/own-value.ts';
import type { ParsedInstruction } from '../parse/tree.ts';
import { atPlace } from '../source-error.ts';
import { didYouMeanAnyCase } from '../values/suggest.ts';
import { readAdd, readCopy } from './copying.ts';
import { readFlags } from './flags.ts';
import { readFrom } from './from.ts';
import { readHealthCheck } from './health-check.ts';
import type { FromInstruction, Instruction, Source } from './instruction.ts';
import { readArg, readEnv, readLabel } from './key-values.ts';
import { commandOf, readRun } from './run.ts';
import { readExpose, readOnBuild, readShell, readVolume } from './settings.ts';

type Read = (parsed: ParsedInstruction, source: Source) => Instruction | FromInstruction;

const READERS: Readonly<Record<string, Read>> = {
  add: readAdd,
  arg: readArg,
  cmd: (parsed, source) => ({ ...source, kind: 'cmd', command: flaglessCommand(parsed) }),
  copy: readCopy,
  entrypoint: (parsed, source) => ({ ...source, kind: 'entrypoint', command: flaglessCommand(parsed) }),
  env: readEnv,
  expose: readExpose,
  from: readFrom,
  healthcheck: readHealthCheck,
  label: readLabel,
  maintainer: (parsed, source) => ({ ...source, kind: 'maintainer', maintainer: onlyWord(parsed, 'MAINTAINER') }),
  onbuild: readOnBuild,
  run: readRun,
  shell: readShell,
  stopsignal: (parsed, source) => ({ ...source, kind: 'stopsignal', signal: oneWord(parsed, 'STOPSIGNAL') }),
  user: (parsed, source) => ({ ...source, kind: 'user', user: onlyWord(parsed, 'USER') }),
  volume: readVolume,
  workdir: (parsed, source) => ({ ...source, kind: 'workdir', path: onlyWord(parsed, 'WORKDIR') }),
};

/**
 * Checks one instruction.
 * @throws EngineError invalid, in BuildKit's words, with the instruction's place
 */
export function readInstruction(parsed: ParsedInstruction): Instruction | FromInstruction {
  const { name, original, range, comments } = parsed;
  return atPlace(range, () => {
    const read = ownValue(READERS, name.toLowerCase());
    if (read === undefined) {
      throw invalid(`unknown instruction: ${name}${didYouMeanAnyCase(name, Object.keys(READERS))}`);
    }
    return read(parsed, { name, code: trimSpace(original), range, comments });
  });
}

function flaglessCommand(parsed: ParsedInstruction): ReturnType<typeof commandOf> {
  readFlags(parsed.flags, {});
  return commandOf(parsed);
}

function onlyWord(parsed: ParsedInstruction, keyword: string): string {
  const word = oneWord(parsed, keyword);
  readFlags(parsed.flags, {});
  return word;
}

function oneWord({ words }: ParsedInstruction, keyword: string): string {
  const [word] = words;
  if (word === undefined || words.length > 1) throw invalid(`${keyword} requires exactly one argument`);
  return word;
}
