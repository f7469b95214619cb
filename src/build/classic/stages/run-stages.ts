import { EngineError, invalid } from '../../../base/errors.ts';
import { shortId } from '../../../base/ids.ts';
import { type Platform, parsePlatform } from '../../../spec/index.ts';
import type { StoredImage } from '../../../store/index.ts';
import {
  atPlace,
  type Dockerfile,
  expandInstruction,
  type FromInstruction,
  HEREDOC_MODE,
  type Instruction,
  parseDockerfile,
  readInstruction,
  type Stage,
} from '../../dockerfile/index.ts';
import { configurationStep, variablesOf } from '../steps/configuration-steps.ts';
import { copyStep } from '../steps/copy-step.ts';
import { runStep } from '../steps/run-step.ts';
import type { StepContext } from '../steps/step-context.ts';
import { firstState, type StageState } from './stage-state.ts';

export interface BuiltStage {
  readonly image: StoredImage;
  /** Undefined for `scratch`. */
  readonly base: StoredImage | undefined;
}

/**
 * Builds the stages one after the other, and tells the client. Returns the image of the last one, and what it stands on.
 * @throws StepError; EngineError, also when nothing was built
 */
export async function runStages(step: StepContext, { globalArgs, stages }: Dockerfile): Promise<BuiltStage> {
  const steps = new StepNumbers(
    step,
    globalArgs.length + stages.reduce((sum, each) => sum + 1 + each.instructions.length, 0),
  );
  for (const { code, args } of globalArgs) {
    steps.begin(code);
    for (const { key, value } of args)
      step.args.declareGlobal(key, value === undefined ? undefined : expandGlobal(step, value));
  }
  let state: StageState | undefined;
  for (const stage of stages) {
    step.stages.checkName(stage.from.stageName);
    state = await runStage(step, stage, steps);
    if (state.image === undefined) continue;
    step.output.send({ aux: { ID: state.image.id } });
    step.stages.add(stage.from.stageName, state.image);
  }
  if (state?.image === undefined) throw new EngineError('failed', 'No image was generated. Is your Dockerfile empty?');
  return { image: state.image, base: state.base };
}

/** Counts the steps, as clients see them. */
class StepNumbers {
  readonly #step: StepContext;
  readonly #total: number;
  #number = 0;

  constructor(step: StepContext, total: number) {
    this.#step = step;
    this.#total = total;
  }

  begin(code: string): void {
    this.#number += 1;
    this.#step.output.text(`Step ${this.#number}/${this.#total} : ${code}`);
    this.#step.output.text('\n');
  }
}

async function runStage(step: StepContext, { from, instructions }: Stage, steps: StepNumbers): Promise<StageState> {
  step.args.beginStage();
  step.cache.beginStage();
  steps.begin(from.code);
  let state = await beginStage(step, from);
  showImage(step, state);
  for (const instruction of instructions) {
    if (step.signal.aborted) throw new EngineError('cancelled', 'Build cancelled');
    steps.begin(instruction.code);
    state = await runInstruction(step, state, instruction);
    showImage(step, state);
  }
  return state;
}

function showImage({ output }: StepContext, { image }: StageState): void {
  output.text(` ---> ${image === undefined ? '' : shortId(image.id.slice(image.id.indexOf(':') + 1))}\n`);
}

/** Finds the base of a stage, and runs its triggers. */
async function beginStage(step: StepContext, from: FromInstruction): Promise<StageState> {
  const platform = from.platform === '' ? undefined : platformOf(expandGlobal(step, from.platform));
  const base = expandGlobal(step, from.base);
  if (base === '') throw new EngineError('failed', `base name (${from.base}) should not be blank`);
  const { state: first, triggers } = firstState(await step.stages.base(base, platform, step.signal));
  if (triggers.length === 0) return first;
  step.output.text(`# Executing ${triggers.length} build trigger`);
  if (triggers.length > 1) step.output.text('s');
  step.output.text('\n');
  let state = first;
  for (const trigger of triggers) state = await runInstruction(step, state, triggerOf(trigger));
  return state;
}

function expandGlobal({ args, expander }: StepContext, text: string): string {
  return expander.expand(text, args.globals()).text;
}

function platformOf(text: string): Platform {
  try {
    return parsePlatform(text);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    throw invalid(`failed to parse platform ${text}: ${error.message}`, error);
  }
}

function triggerOf(text: string): Instruction {
  const [parsed, ...more] = parseDockerfile(text).instructions;
  if (parsed === undefined || more.length > 0) throw invalid('onbuild trigger should be a single expression');
  const instruction = readInstruction(parsed);
  if (instruction.kind === 'from') throw invalid("FROM isn't allowed as an ONBUILD trigger");
  return instruction;
}

/** Runs a step, and removes its container as the client has asked. */
async function runInstruction(step: StepContext, state: StageState, given: Instruction): Promise<StageState> {
  try {
    const next = await dispatch(step, state, expanded(step, state, given));
    await step.containers.end('succeeded');
    return next;
  } catch (error) {
    // A client that has gone wants nothing to stay.
    if (step.signal.aborted) await step.containers.remove();
    else await step.containers.end('failed');
    throw error;
  }
}

function expanded(step: StepContext, state: StageState, given: Instruction): Instruction {
  const variables = variablesOf(step, state);
  return atPlace(given.range, () =>
    expandInstruction(given, {
      word: (text) => step.expander.expand(text, variables).text,
      content: (text) => step.expander.expand(text, variables, HEREDOC_MODE).text,
    }),
  );
}

async function dispatch(step: StepContext, state: StageState, instruction: Instruction): Promise<StageState> {
  switch (instruction.kind) {
    case 'run':
      return await runStep(step, state, instruction);
    case 'copy':
    case 'add':
      return await copyStep(step, state, instruction);
    default:
      return await configurationStep(step, state, instruction);
  }
}
