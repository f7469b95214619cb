import { invalid } from '../../../base/errors.ts';
import type { ExpandMode } from '../expand/expanded.ts';
import type { KeyValue } from '../parse/tree.ts';
import type { AddInstruction, CopyInstruction, Copying, InlineFile, Instruction } from './instruction.ts';

/** How the content of a heredoc is expanded: quotes stay, and `\` escapes, whatever escapes in the Dockerfile. */
export const HEREDOC_MODE: ExpandMode = { escapeChar: '\\', ignoresQuotes: true };

/** How the words of an instruction are expanded. */
export interface WordExpansion {
  /** Expands one word. */
  word(text: string): string;
  /** Expands the content of a heredoc, by `HEREDOC_MODE`. */
  content(text: string): string;
}

/**
 * Expands the variables of an instruction, as far as its kind has them. Others come back as they are: CMD, ENTRYPOINT,
 * HEALTHCHECK, MAINTAINER, ONBUILD and SHELL have none. RUN has some in its mounts, ARG depends on the build's arguments,
 * and a variable in EXPOSE may become several ports: their readers expand them.
 * @throws EngineError invalid
 */
export function expandInstruction<I extends Instruction>(instruction: I, expand: WordExpansion): I;
export function expandInstruction(instruction: Instruction, expand: WordExpansion): Instruction {
  switch (instruction.kind) {
    case 'add':
      return expandAdd(instruction, expand);
    case 'copy':
      return expandCopying(instruction, expand);
    case 'env':
    case 'label':
      return { ...instruction, pairs: instruction.pairs.map((pair) => expandPair(pair, expand)) };
    case 'stopsignal':
      return { ...instruction, signal: expand.word(instruction.signal) };
    case 'user':
      return { ...instruction, user: expand.word(instruction.user) };
    case 'volume':
      return { ...instruction, volumes: expandVolumes(instruction.volumes, expand) };
    case 'workdir':
      return { ...instruction, path: expand.word(instruction.path) };
    default:
      return instruction;
  }
}

function expandPair({ key, value, isLegacy }: KeyValue, expand: WordExpansion): KeyValue {
  return { key: expand.word(key), value: expand.word(value), isLegacy };
}

function expandVolumes(volumes: readonly string[], expand: WordExpansion): string[] {
  const paths = volumes.map((volume) => expand.word(volume));
  if (paths.includes('')) throw invalid('VOLUME specified can not be an empty string');
  return paths;
}

function expandAdd(add: AddInstruction, expand: WordExpansion): AddInstruction {
  const checksum = expand.word(add.checksum);
  return { ...expandCopying(add, expand), checksum };
}

function expandCopying<I extends AddInstruction | CopyInstruction>(copying: I, expand: WordExpansion): I {
  const parts: Pick<Copying, 'owner' | 'mode' | 'sources' | 'destination' | 'inlineFiles'> = {
    owner: expand.word(copying.owner),
    mode: expand.word(copying.mode),
    sources: copying.sources.map((source) => expand.word(source)),
    destination: expand.word(copying.destination),
    inlineFiles: copying.inlineFiles.map((file) => expandFile(file, expand)),
  };
  return { ...copying, ...parts };
}

function expandFile(file: InlineFile, expand: WordExpansion): InlineFile {
  return file.expands ? { ...file, content: expand.content(file.content) } : file;
}
