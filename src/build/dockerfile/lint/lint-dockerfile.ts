import { EngineError, invalid } from '../../../base/errors.ts';
import { createExpander } from '../expand/expand.ts';
import { type Dockerfile, readStages } from '../instructions/read-stages.ts';
import type { Range } from '../location.ts';
import { findDirective } from '../parse/directives.ts';
import { parseDockerfile } from '../parse/parse-dockerfile.ts';
import type { ParsedDockerfile } from '../parse/tree.ts';
import { expandFrom, resolveFrom } from '../scope/expand-from.ts';
import { type GlobalInput, globalScope } from '../scope/global-args.ts';
import { placeOf } from '../source-error.ts';
import { type CheckOptions, parseCheckOptions } from './check-options.ts';
import { lintCasing, lintStageNames } from './file-rules.ts';
import { lintDefaults, lintFrom } from './from-rules.ts';
import { lintInstruction } from './instruction-rules.ts';
import { DETAILS, type RuleName } from './rules.ts';
import { type BaseImage, imageState, lintStage, type StageState } from './stage-lint.ts';
import { Suggestions } from './suggestions.ts';
import { type Warning, Warnings } from './warnings.ts';

export interface LintInput extends Omit<GlobalInput, 'targetStage'> {
  /** The stage that is built. Without it, the last one, and the rules look at all. */
  readonly target?: string | undefined;
  /** BUILDKIT_DOCKERFILE_CHECK, which stands for the file's `# check=`. */
  readonly checks?: string | undefined;
  /** The configuration of an image that a stage is built on. Undefined is an image without settings. */
  readonly baseImage?: (name: string, stageIndex: number) => BaseImage | undefined;
  /** The indices of the stages whose instructions are looked at; with each, the stage that it is built on. All by default. */
  readonly stages?: ReadonlySet<number>;
  /** Violations that somebody else found. */
  readonly reported?: readonly ReportedViolation[];
}

/** A violation of a rule that needs more than the file. */
export interface ReportedViolation {
  readonly rule: RuleName;
  readonly range: Range;
  readonly detail: string;
}

export interface LintResult {
  /** Up to the error, if there is one. */
  readonly warnings: readonly Warning[];
  /** The file's first fault, or that warnings fail the build. `placeOf` returns its place. */
  readonly error?: EngineError;
}

const NO_IMAGE: BaseImage = { env: new Map(), hasShell: false };

/** Runs BuildKit's rules on a Dockerfile. It does not throw for faults of the file. */
export function lintDockerfile(text: string, input: LintInput): LintResult {
  let warnings = new Warnings(parseCheckOptions(''));
  try {
    const options = checkOptions(text, input.checks);
    warnings = new Warnings(options);
    const parsed = parseDockerfile(text);
    lintFile(lintParsed(parsed, warnings), input, warnings);
    for (const { rule, range, detail } of input.reported ?? []) warnings.add(rule, { range }, detail);
    if (options.isError && warnings.list.length > 0) throw violation(warnings.list);
    return { warnings: warnings.list };
  } catch (error) {
    if (!(error instanceof EngineError) || error.kind !== 'invalid') throw error;
    return { warnings: warnings.list, error };
  }
}

function checkOptions(text: string, given: string | undefined): CheckOptions {
  try {
    return parseCheckOptions(given ?? findDirective(text, 'check')?.value.split(' ', 1)[0] ?? '');
  } catch (error) {
    throw error instanceof EngineError ? invalid(`failed to parse check options: ${error.message}`) : error;
  }
}

/** The rules about instructions come before the error of one that cannot be read. */
function lintParsed(parsed: ParsedDockerfile, warnings: Warnings): Dockerfile {
  for (const line of parsed.emptyContinuations) {
    const range = { start: { line, column: 1 }, end: { line, column: 1 } };
    warnings.add('NoEmptyContinuation', { range }, DETAILS.emptyContinuation());
  }
  let lastLine = Number.POSITIVE_INFINITY;
  try {
    return readStages(parsed);
  } catch (error) {
    lastLine = placeOf(error)?.start.line ?? lastLine;
    throw error;
  } finally {
    for (const instruction of parsed.instructions) {
      if (instruction.range.start.line <= lastLine) lintInstruction(instruction, warnings);
    }
  }
}

/** @throws EngineError invalid */
function lintFile(file: Dockerfile, input: LintInput, warnings: Warnings): void {
  const { stages } = file;
  lintStageNames(stages, warnings);
  lintCasing(stages, warnings);
  const expander = createExpander(file.escapeChar);
  const suggestions = new Suggestions();
  const globalInput = { ...input, targetStage: input.target ?? stages.at(-1)?.from.stageName ?? '' };
  lintDefaults(file, globalInput, { expander, warnings });
  const globals = globalScope(file.globalArgs, globalInput, expander);
  const bases = stages.map(({ from }) => {
    const expanded = expandFrom(from, globals, expander);
    lintFrom(from, expanded, { globals, warnings, suggestions });
    return resolveFrom(from, expanded, globals).base;
  });
  const named = new Map<string, StageState>();
  for (const stage of stages) {
    if (input.stages !== undefined && !input.stages.has(stage.index)) continue;
    const base = bases[stage.index] ?? '';
    const state = named.get(base) ?? imageState(input.baseImage?.(base, stage.index) ?? NO_IMAGE);
    const context = { expander, warnings, suggestions, globals, buildArgs: input.buildArgs };
    const result = lintStage(stage, state, context);
    if (stage.from.stageName !== '') named.set(stage.from.stageName, result);
  }
}

function violation(warnings: readonly Warning[]): EngineError {
  const rules = new Set(warnings.map(({ rule }) => rule));
  return invalid(`lint violation found for rules: ${[...rules].join(', ')}`);
}
