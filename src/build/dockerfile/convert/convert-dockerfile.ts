import { invalid } from '../../../base/errors.ts';
import { settleAll } from '../../../base/settle-all.ts';
import type { IgnoreRules } from '../../../spec/index.ts';
import { type LlbEdge, sourceNode } from '../../llb/index.ts';
import { createExpander, type Expander } from '../expand/expand.ts';
import type { ExpandMode } from '../expand/expanded.ts';
import { HEREDOC_MODE } from '../instructions/expand-instruction.ts';
import { type Dockerfile, readStages } from '../instructions/read-stages.ts';
import { parseDockerfile } from '../parse/parse-dockerfile.ts';
import { globalScope } from '../scope/global-args.ts';
import type { Scope } from '../scope/scope.ts';
import type { ConvertDeps, Converted, ConvertInput } from './convert-input.ts';
import { convertInstruction, isStep } from './convert-instruction.ts';
import { neededPaths } from './copy-sources.ts';
import { ImageDraft } from './image-draft.ts';
import type { FileSource, InstructionContext } from './instruction-context.ts';
import { type External, type LoadedStage, type LoadedStages, loadStages } from './load-stages.ts';
import { workingDirectory } from './paths.ts';
import { opPlatform } from './platform.ts';
import { asksForScan, type ScanTargets } from './scan-targets.ts';
import { type BuiltTrees, StageDraft } from './stage-draft.ts';
import { planStages, type StagePlan } from './stage-plan.ts';

/** A Dockerfile that is read, with the stages that the target needs. */
export interface ReadPlan {
  readonly file: Dockerfile;
  readonly plan: StagePlan;
  readonly globals: Scope;
  readonly expander: Expander;
}

/** Reads a Dockerfile and finds its target. @throws EngineError invalid */
export function planDockerfile(input: ConvertInput): ReadPlan {
  const file = readStages(parseDockerfile(input.text));
  const expander = createExpander(file.escapeChar);
  const targetStage = input.target || (file.stages.at(-1)?.from.stageName ?? '');
  const globals = globalScope(file.globalArgs, { ...input, targetStage }, expander);
  return { file, globals, expander, plan: planStages(file.stages, { globals, expander, target: input.target }) };
}

/**
 * Converts a Dockerfile to a graph and an image's configuration, as BuildKit does.
 * @throws EngineError; `placeOf` returns the place in the file
 */
export async function convertDockerfile(
  deps: ConvertDeps,
  input: ConvertInput,
  read: ReadPlan,
  signal: AbortSignal,
): Promise<Converted & { readonly loaded: LoadedStages }> {
  const [loaded, rules] = await settleAll([loadStages(read.plan, deps, input, signal), deps.ignoreRules(signal)]);
  const conversion = new Conversion({ deps, input, read, loaded, rules });
  for (const stage of loaded.stages) conversion.convertStage(stage);
  return { ...conversion.finish(), loaded };
}

interface ConversionInit {
  readonly deps: ConvertDeps;
  readonly input: ConvertInput;
  readonly read: ReadPlan;
  readonly loaded: LoadedStages;
  readonly rules: IgnoreRules;
}

class Conversion {
  readonly #init: ConversionInit;
  readonly #drafts = new Map<number, StageDraft>();
  readonly #bases = new Map<number, Uint8Array | undefined>();
  readonly #contextPaths = new Set<string>();
  readonly #created: string | undefined;

  constructor(init: ConversionInit) {
    this.#init = init;
    const { epochSeconds } = init.input;
    this.#created = epochSeconds === undefined ? undefined : goTime(epochSeconds);
  }

  convertStage(stage: LoadedStage): void {
    const draft = this.#startStage(stage);
    this.#drafts.set(stage.index, draft);
    const context = this.#contextOf(draft, stage.index);
    draft.isTrigger = true;
    for (const instruction of stage.triggers) convertInstruction(instruction, context);
    draft.isTrigger = false;
    for (const instruction of stage.instructions) convertInstruction(instruction, context);
  }

  /** Makes the graph, now that all steps and paths are known. */
  finish(): Converted {
    const { deps, input, read, rules } = this.#init;
    const trees = new Map<number, LlbEdge | undefined>();
    let context: { readonly edge: LlbEdge | undefined } | undefined;
    const built = {
      stage: (index: number) => trees.get(index),
      context: () => {
        context ??= { edge: deps.context(rules, neededPaths(this.#contextPaths)) };
        return context.edge;
      },
    };
    for (const [index, { steps }] of this.#drafts) {
      let tree: LlbEdge | undefined;
      for (const step of steps) tree = step(tree, built);
      trees.set(index, tree);
    }
    const draft = this.#drafts.get(read.plan.target);
    if (draft === undefined) throw invalid('the target is no stage');
    const { image } = draft;
    if (input.labels.size > 0) {
      image.set({ Labels: { ...image.settings.Labels, ...Object.fromEntries(input.labels) } });
    }
    return {
      edge: trees.get(read.plan.target),
      config: image.encode(input.isTargetImplicit ? undefined : input.targetPlatform),
      platform: input.isTargetImplicit ? image.platform : input.targetPlatform,
      baseConfig: this.#bases.get(read.plan.target),
      scanned: this.#scanned(built),
    };
  }

  #scanned(built: BuiltTrees): ScanTargets {
    const { globals, plan } = this.#init.read;
    const extras = new Map<string, LlbEdge | undefined>();
    let ignoresCache = false;
    for (const [index, { buildArgs: args, ignoresCache: ignores }] of this.#drafts) {
      const isTarget = index === plan.target;
      const name = plan.stages[index]?.stage.from.stageName || `stage-${index}`;
      const asks = (what: 'context' | 'stage') => asksForScan(what, { name, args, globals });
      if (isTarget && asks('context')) extras.set('context', built.context());
      const isExtra = !isTarget && asks('stage');
      if (isExtra) extras.set(name, built.stage(index));
      ignoresCache ||= ignores && (isTarget || isExtra);
    }
    return { extras, ignoresCache };
  }

  #startStage({ index, platform, base, triggerCount, instructions }: LoadedStage): StageDraft {
    const { input, read } = this.#init;
    const from = read.plan.stages[index]?.stage.from;
    const below = base.kind === 'stage' ? this.#drafts.get(base.index) : undefined;
    const isCounted = base.kind === 'image' || base.kind === 'named';
    const steps = instructions.filter(isStep).length + triggerCount;
    const draft = new StageDraft({
      platform,
      image: below?.image.copy() ?? this.#imageOf(base),
      ignoresCache: this.#ignoresCache(from?.stageName ?? ''),
      base: below,
      prefix: {
        stageName: read.plan.hasStageNames ? from?.stageName || `stage-${index}` : '',
        platform: input.isMultiPlatform ? platform : undefined,
      },
      source: input.source,
      stepCount: steps + (isCounted ? 1 : 0),
    });
    draft.image.set({ OnBuild: null });
    draft.folder = workingDirectory('/', draft.image.settings.WorkingDir || '/');
    this.#bases.set(index, base.kind === 'stage' ? this.#bases.get(base.index) : configOf(base));
    if (base.kind === 'stage') draft.steps.push((_tree, built) => built.stage(base.index));
    else if (base.kind === 'named') draft.steps.push(() => base.context.edge());
    else if (base.kind === 'image' && from !== undefined) {
      const notes = draft.notes(draft.nameBase(`FROM ${base.ref}`, triggerCount), from.range, from.code);
      const edge = this.#imageEdge(base, notes, platform);
      draft.steps.push(() => edge);
    }
    return draft;
  }

  #imageOf(base: External | { kind: 'stage' }): ImageDraft {
    const config = base.kind === 'stage' ? undefined : configOf(base);
    if (config === undefined) return ImageDraft.empty(this.#init.input.targetPlatform, this.#created);
    return ImageDraft.read(config, this.#created);
  }

  #imageEdge(
    image: Extract<External, { kind: 'image' }>,
    notes: ReturnType<StageDraft['notes']>,
    platform: StageDraft['platform'],
  ): LlbEdge {
    const { resolveMode } = this.#init.input;
    const node = sourceNode({
      identifier: `docker-image://${image.ref}`,
      attributes: resolveMode === 'default' ? {} : { 'image.resolvemode': resolveMode },
      platform: opPlatform(platform),
      ...notes,
    });
    return { node, output: 0 };
  }

  #ignoresCache(name: string): boolean {
    const { noCache } = this.#init.input;
    return noCache === 'all' || (noCache?.has(name.toLowerCase()) ?? false);
  }

  #contextOf(stage: StageDraft, index: number): InstructionContext & { content(text: string): string } {
    const { input, deps, read, rules } = this.#init;
    const { expander, globals } = read;
    const show = (text: string, mode: ExpandMode): string => {
      try {
        return expander.expand(text, stage.env, mode).text;
      } catch {
        return text;
      }
    };
    return {
      stage,
      input,
      warn: deps.warn,
      isIgnored: (path) => path !== '' && rules.ignores(path),
      word: (text) => expander.expand(text, stage.env).text,
      words: (text) => expander.expand(text, stage.env).words,
      content: (text) => expander.expand(text, stage.env, HEREDOC_MODE).text,
      show: (text) => show(text, {}),
      stageName: read.plan.stages[index]?.stage.from.stageName || `stage-${index}`,
      showCommand: (text) => show(text, { keepsQuotes: true, keepsUnset: true }),
      globalArg: (name) => globals.get(name),
      sourceOf: (name, kind) => this.#sourceOf(name, kind, index),
      needPath: (path) => this.#contextPaths.add(path),
    };
  }

  #sourceOf(name: string, kind: 'copy' | 'run', index: number): FileSource | undefined {
    if (name === '') return { edge: (built) => built.context() };
    const { plan } = this.#init.read;
    const origin = plan.originOf(name, kind);
    if (origin.kind === 'stage') {
      if (!this.#drafts.has(origin.index) || origin.index === index) return undefined;
      return { edge: (built) => built.stage(origin.index) };
    }
    const external = this.#init.loaded.externals.get(name);
    if (external === undefined || external.kind === 'empty') return { edge: () => undefined };
    if (external.kind === 'named') return { edge: (_built, paths) => external.context.edge(paths) };
    const description = new Map([['llb.customname', `FROM ${external.ref}`]]);
    const { range, isMount } = external.need;
    const draft = this.#drafts.get(index);
    const location = isMount ? undefined : draft?.notes('', range).location;
    const edge = this.#imageEdge(external, { metadata: { description }, location }, this.#init.input.targetPlatform);
    return { edge: () => edge };
  }
}

function configOf(base: External): Uint8Array | undefined {
  if (base.kind === 'image') return base.config;
  return base.kind === 'named' ? base.context.config : undefined;
}

/** RFC 3339 without a fraction, as Go writes whole seconds. */
function goTime(epochSeconds: number): string {
  return new Date(epochSeconds * 1000).toISOString().replace('.000Z', 'Z');
}
