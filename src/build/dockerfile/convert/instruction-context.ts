import type { LlbEdge } from '../../llb/graph.ts';
import type { ConvertDeps, ConvertInput } from './convert-input.ts';
import type { BuiltTrees, StageDraft } from './stage-draft.ts';

/** Where files come from: a stage, an image, a named context or the build's context. */
export interface FileSource {
  /** Undefined `paths` are all. */
  edge(built: BuiltTrees, paths?: readonly string[]): LlbEdge | undefined;
}

/** What the conversion of one instruction needs. */
export interface InstructionContext {
  readonly stage: StageDraft;
  readonly input: ConvertInput;
  readonly warn: ConvertDeps['warn'];
  /** Whether the `.dockerignore` leaves a path of the build's context out. */
  isIgnored(path: string): boolean;
  /** Expands one word with the variables of now. @throws EngineError invalid */
  word(text: string): string;
  /** Expands a word that may become several. @throws EngineError invalid */
  words(text: string): readonly string[];
  /** An instruction with its variables expanded, for people. */
  show(text: string): string;
  /** As {@link show}, for RUN: quotes and variables without a value stay. */
  showCommand(text: string): string;
  /** The value of an ARG before the first FROM, or a predefined one. */
  globalArg(name: string): string | undefined;
  /** The source that a name of COPY or RUN stands for. '' is the build's context. Undefined for a stage that comes later. */
  sourceOf(name: string, kind: 'copy' | 'run'): FileSource | undefined;
  /** The stage's name, for errors. */
  readonly stageName: string;
  /** Notes that a step needs a path of the build's context. */
  needPath(path: string): void;
}
