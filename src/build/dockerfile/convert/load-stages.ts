import { EngineError } from '../../../base/errors.ts';
import { canonicalString, formatPlatform, type Platform, parseReference, withDefaultTag } from '../../../spec/index.ts';
import type { Instruction } from '../instructions/instruction.ts';
import { DETAILS } from '../lint/rules.ts';
import type { Range } from '../location.ts';
import { placedError, placeOf, sourceError } from '../source-error.ts';
import { quote } from '../values/quote.ts';
import type { ConvertDeps, NamedContext } from './convert-input.ts';
import { ImageDraft } from './image-draft.ts';
import { type Need, type Origin, SCRATCH, type StagePlan } from './stage-plan.ts';
import { readTriggers } from './triggers.ts';

/** What a name stands for, when it is no stage. */
export type External =
  | { readonly kind: 'empty' }
  | { readonly kind: 'named'; readonly context: NamedContext }
  | { readonly kind: 'image'; readonly ref: string; readonly config: Uint8Array; readonly need: Need };

/** A stage that the result needs, with all that comes from outside the file. */
export interface LoadedStage {
  readonly index: number;
  readonly platform: Platform;
  /** A stage, or what the stage stands on. A context with the stage's own name stands for the whole stage. */
  readonly base: Exclude<Origin, { kind: 'image' }> | External;
  /** Those that the base image triggers. */
  readonly triggers: readonly Instruction[];
  readonly triggerCount: number;
  readonly instructions: readonly Instruction[];
}

export interface LoadedStages {
  /** In the order of the file. */
  readonly stages: readonly LoadedStage[];
  /** By name: images of COPY and of mounts. */
  readonly externals: ReadonlyMap<string, External>;
}

export interface LoadOptions {
  readonly targetPlatform: Platform;
  readonly isMultiPlatform: boolean;
}

/**
 * Resolves the images and named contexts that the target needs, as many at a time as possible. Stages that nobody needs
 * are left out. @throws EngineError
 */
export async function loadStages(
  plan: StagePlan,
  deps: ConvertDeps,
  options: LoadOptions,
  signal: AbortSignal,
): Promise<LoadedStages> {
  const failed = new AbortController();
  const loader = new StageLoader(plan, deps, options, AbortSignal.any([signal, failed.signal]));
  let failure: { readonly error: unknown } | undefined;
  for (let waiting: readonly Need[] = [targetNeed(plan)]; waiting.length > 0; ) {
    const found = waiting.map(async (need) => {
      try {
        return await loader.load(need);
      } catch (error) {
        // The first failure ends the others, whose errors say nothing.
        failure ??= { error };
        failed.abort();
        return [];
      }
    });
    waiting = (await Promise.all(found)).flat();
    if (failure !== undefined) throw failure.error;
  }
  return loader.loaded();
}

function targetNeed({ stages, target }: StagePlan): Need {
  const range = stages[target]?.stage.from.range ?? { start: { line: 1, column: 1 }, end: { line: 1, column: 1 } };
  return { origin: { kind: 'stage', index: target }, range, isMount: false };
}

class StageLoader {
  readonly #plan: StagePlan;
  readonly #deps: ConvertDeps;
  readonly #options: LoadOptions;
  readonly #signal: AbortSignal;
  readonly #stages = new Map<number, Promise<LoadedStage>>();
  /** The stages whose needs are known. */
  readonly #asked = new Set<number>();
  readonly #externals = new Map<string, Promise<External>>();
  readonly #done: LoadedStage[] = [];
  readonly #doneExternals = new Map<string, External>();

  constructor(plan: StagePlan, deps: ConvertDeps, options: LoadOptions, signal: AbortSignal) {
    this.#plan = plan;
    this.#deps = deps;
    this.#options = options;
    this.#signal = signal;
  }

  loaded(): LoadedStages {
    return { stages: this.#done.toSorted((one, other) => one.index - other.index), externals: this.#doneExternals };
  }

  /** Loads what a name stands for, and returns what that needs. */
  async load(need: Need): Promise<readonly Need[]> {
    if (need.origin.kind === 'image') {
      await this.#external(need.origin.name, need);
      return [];
    }
    const { index } = need.origin;
    if (this.#asked.has(index)) return [];
    this.#asked.add(index);
    const { base, triggers, instructions } = await this.#stage(index);
    // The stage that it stands on is loaded by now, but not what that one needs.
    const below: readonly Need[] = base.kind === 'stage' ? [{ ...need, origin: base }] : [];
    return [...below, ...this.#plan.needsOf([...triggers, ...instructions])];
  }

  #stage(index: number): Promise<LoadedStage> {
    const known = this.#stages.get(index);
    if (known !== undefined) return known;
    const loading = this.#loadStage(index);
    loading.catch(() => undefined); // whoever waits for it reports it
    this.#stages.set(index, loading);
    return loading;
  }

  async #loadStage(index: number): Promise<LoadedStage> {
    const planned = this.#plan.stages[index];
    if (planned === undefined) throw new RangeError(`no stage ${index}`);
    const { stage, from, base } = planned;
    const { range, stageName } = stage.from;
    const given = from.platform ?? this.#options.targetPlatform;
    const replacement = stageName === '' ? undefined : await this.#named(stageName, given, range);
    const below =
      replacement === undefined
        ? await this.#base(base, given, { origin: base, range, isMount: false })
        : { base: { kind: 'named', context: replacement } as const, platform: given, onBuild: [] };
    const loaded: LoadedStage = {
      index,
      platform: below.platform,
      base: below.base,
      triggers: below.onBuild.flatMap((text) => readTriggers(text, range)),
      triggerCount: below.onBuild.length,
      instructions: replacement === undefined ? stage.instructions : [],
    };
    this.#done.push(loaded);
    return loaded;
  }

  async #base(base: Origin, platform: Platform, need: Need) {
    if (base.kind === 'stage') {
      const below = await this.#stage(base.index);
      return { base, platform: below.platform, onBuild: onBuildOf(below) };
    }
    const external = await this.#resolve(base.name, platform, need);
    return { base: external, platform, onBuild: onBuildOfExternal(external) };
  }

  async #external(name: string, need: Need): Promise<void> {
    const loading = this.#externals.get(name) ?? this.#resolve(name, this.#options.targetPlatform, need);
    loading.catch(() => undefined);
    this.#externals.set(name, loading);
    this.#doneExternals.set(name, await loading);
  }

  async #named(name: string, platform: Platform, range: Range): Promise<NamedContext | undefined> {
    try {
      return await this.#deps.namedContext(name, platform, this.#signal);
    } catch (error) {
      throw placed(error, '', range);
    }
  }

  async #resolve(name: string, platform: Platform, need: Need): Promise<External> {
    if (name === SCRATCH) return { kind: 'empty' };
    const context = await this.#named(name, platform, need.range);
    if (context !== undefined) return { kind: 'named', context };
    const ref = imageRef(name, need.range);
    const prefix = this.#options.isMultiPlatform ? `${formatPlatform(platform)} ` : '';
    const logName = `[${prefix}internal] load metadata for ${ref}`;
    try {
      const image = await this.#deps.resolveImage({ ref, platform, logName }, this.#signal);
      this.#checkPlatform(name, { expected: platform, config: image.config, range: need.range });
      return { kind: 'image', ...image, need };
    } catch (error) {
      throw placed(error, `${name}: failed to resolve source metadata for ${ref}: `, need.range);
    }
  }

  #checkPlatform(name: string, image: { expected: Platform; config: Uint8Array; range: Range }): void {
    const { os, architecture, variant } = ImageDraft.read(image.config, undefined).platform;
    if (os === '' || architecture === '') return;
    const { expected, range } = image;
    if (os === expected.os && architecture === expected.architecture) return;
    const actual = formatPlatform({ os, architecture, ...(variant === undefined ? {} : { variant }) });
    const detail = DETAILS.basePlatform(name, actual, formatPlatform(expected));
    this.#deps.warn('InvalidBaseImagePlatform', range, detail);
  }
}

function imageRef(name: string, range: Range): string {
  try {
    return canonicalString(withDefaultTag(parseReference(name)));
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    throw sourceError(`failed to parse stage name ${quote(name)}: ${error.message}`, range);
  }
}

function placed(error: unknown, prefix: string, range: Range): unknown {
  if (!(error instanceof EngineError) || error.kind === 'cancelled' || placeOf(error) !== undefined) return error;
  return placedError(error, prefix + error.message, range);
}

/** The triggers for stages on top of a stage: its own, since those of its base are used up. */
function onBuildOf({ base, instructions }: LoadedStage): readonly string[] {
  const own = instructions.flatMap((each) => (each.kind === 'onbuild' ? [each.trigger] : []));
  // A context in place of the stage brings the triggers of its image.
  return base.kind === 'named' && instructions.length === 0 ? onBuildOfExternal(base) : own;
}

function onBuildOfExternal(external: External): readonly string[] {
  const config =
    external.kind === 'named' ? external.context.config : external.kind === 'image' ? external.config : undefined;
  return config === undefined ? [] : (ImageDraft.read(config, undefined).settings.OnBuild ?? []);
}
