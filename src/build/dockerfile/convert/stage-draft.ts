import type { Platform } from '../../../spec/index.ts';
import type { LlbEdge, LlbLocation, LlbSource, NodeNotes } from '../../llb/index.ts';
import type { ArgDefinition } from '../instructions/instruction.ts';
import { linesOf, type Range } from '../location.ts';
import { EnvList, variableName, variableValue } from './env-list.ts';
import type { ImageDraft } from './image-draft.ts';
import { type StepPrefix, stepPrefix } from './names.ts';

/** The trees that steps take files from, once they are made. */
export interface BuiltTrees {
  stage(index: number): LlbEdge | undefined;
  context(): LlbEdge | undefined;
}

const NO_VARIABLES: ReadonlyMap<string, string> = new Map();

/** One step of a stage: makes its tree from that of the step before. */
export type DraftStep = (tree: LlbEdge | undefined, built: BuiltTrees) => LlbEdge | undefined;

/** A stage on its way: what its instructions have set so far, and its steps. Steps are made at the end, when all is known. */
export class StageDraft {
  readonly platform: Platform;
  readonly image: ImageDraft;
  readonly env: EnvList;
  readonly ignoresCache: boolean;
  readonly buildArgs: ArgDefinition[];
  /** The working directory: absolute, as written. */
  folder = '/';
  hasCommand = false;
  /** Whether the instruction comes from the base image. */
  isTrigger = false;
  readonly steps: DraftStep[] = [];
  readonly #prefix: StepPrefix;
  readonly #source: LlbSource;
  readonly #total: number;
  #index = 0;

  constructor(init: StageInit) {
    this.platform = init.platform;
    this.image = init.image;
    this.ignoresCache = init.ignoresCache;
    this.env = new EnvList(init.base?.env);
    this.buildArgs = [...(init.base?.buildArgs ?? [])];
    this.#prefix = init.prefix;
    this.#source = init.source;
    this.#total = init.stepCount;
    this.folder = init.base?.folder ?? '/';
    for (const entry of this.image.env) this.env.set(variableName(entry), variableValue(entry));
  }

  /** The name of the step that takes the base image. Triggers are not counted yet. */
  nameBase(text: string, triggers: number): string {
    this.#index += 1;
    return stepPrefix(this.#prefix, { index: this.#index, total: this.#total - triggers }, NO_VARIABLES) + text;
  }

  /** The name of the next step. */
  nameStep(text: string): string {
    this.#index += 1;
    return this.#named(text);
  }

  /** The name of another node of the same step. */
  nameSame(text: string): string {
    return this.#named(text);
  }

  #named(text: string): string {
    const trigger = this.isTrigger ? 'ONBUILD ' : '';
    return this.#total === 0
      ? text
      : stepPrefix(this.#prefix, { index: this.#index, total: this.#total }, this.env) + trigger + text;
  }

  /** The notes of RUN, ADD and COPY: the client may want them to run again. */
  stepNotes(name: string, range: Range, command?: string): NodeNotes {
    const notes = this.notes(name, range, command);
    return { ...notes, metadata: { ...notes.metadata, ignore_cache: this.ignoresCache } };
  }

  notes(name: string, range: Range | undefined, command?: string): NodeNotes {
    const description = new Map([['llb.customname', name]]);
    if (command !== undefined) description.set('com.docker.dockerfile.v1.command', command);
    return {
      metadata: { description },
      location: range === undefined ? undefined : this.#location(range),
    };
  }

  #location(range: Range): LlbLocation {
    const position = (line: number) => ({ line, character: 0 });
    return {
      source: this.#source,
      ranges: linesOf(range).map((line) => ({ start: position(line), end: position(line) })),
    };
  }
}

export interface StageInit {
  readonly platform: Platform;
  readonly image: ImageDraft;
  readonly ignoresCache: boolean;
  /** The stage that this one stands on. */
  readonly base: StageDraft | undefined;
  readonly prefix: StepPrefix;
  readonly source: LlbSource;
  /** How many steps the names count. */
  readonly stepCount: number;
}

/** Notes of nodes that people do not write. */
export function internalNotes(text: string): NodeNotes {
  return { metadata: { description: new Map([['llb.customname', `[internal] ${text}`]]) } };
}
