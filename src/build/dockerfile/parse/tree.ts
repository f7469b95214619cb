import type { Range } from '../location.ts';
import type { Directive } from './directives.ts';

export type Escape = '\\' | '`';

/** `<<NAME` and what follows the instruction's line up to a line `NAME`. */
export interface Heredoc {
  readonly name: string;
  /** `<<-`: leading tabs are cut from every line. */
  readonly cutsTabs: boolean;
  /** Whether variables are expanded: no part of the name is quoted. */
  readonly expands: boolean;
  /** `3<<EOF`; 0 without a number. */
  readonly fileDescriptor: number;
  /** As written, tabs included. Lines end as in the file. */
  readonly content: string;
}

/** `key=value`, quotes and escapes still in it. */
export interface KeyValue {
  readonly key: string;
  readonly value: string;
  /** `key value`, the old form. */
  readonly isLegacy: boolean;
}

/** An instruction, split but not checked. */
export interface ParsedInstruction {
  /** The keyword as written. */
  readonly name: string;
  /** `--name=value`, quotes removed. */
  readonly flags: readonly string[];
  /** The words after the flags, as this keyword's arguments are split. ENV and LABEL have `pairs` instead. */
  readonly words: readonly string[];
  readonly pairs: readonly KeyValue[];
  /** Whether `words` were a JSON list. */
  readonly isJson: boolean;
  /** The instruction of ONBUILD. Its own heredocs are those of the outer. */
  readonly inner?: ParsedInstruction;
  readonly heredocs: readonly Heredoc[];
  /** The instruction with its lines joined, without heredocs. */
  readonly original: string;
  /** The comments directly before, without `#`. An empty comment starts anew. */
  readonly comments: readonly string[];
  /** Heredocs included. */
  readonly range: Range;
}

/** A Dockerfile, split into instructions. */
export interface ParsedDockerfile {
  readonly escapeChar: Escape;
  readonly directives: readonly Directive[];
  readonly instructions: readonly ParsedInstruction[];
  /** The last line of each instruction with blank lines inside, which a later syntax may refuse. */
  readonly emptyContinuations: readonly number[];
}
