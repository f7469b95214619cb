import { invalid } from '../../../base/errors.ts';
import type { Expander } from '../expand/expand.ts';
import type { Instruction } from '../instructions/instruction.ts';
import { parseMount } from '../instructions/parse-mount.ts';
import type { Stage } from '../instructions/read-stages.ts';
import type { Range } from '../location.ts';
import { expandFrom, type ResolvedFrom, resolveFrom } from '../scope/expand-from.ts';
import type { Scope } from '../scope/scope.ts';
import { atPlace, sourceError } from '../source-error.ts';
import { didYouMean } from '../values/suggest.ts';

/** What a name in FROM, `COPY --from` or a mount stands for. An image may also be a named context. */
export type Origin =
  | { readonly kind: 'stage'; readonly index: number }
  | { readonly kind: 'image'; readonly name: string };

/** A name that an instruction uses. */
export interface Need {
  readonly origin: Origin;
  readonly range: Range;
  /** Whether it is a mount of RUN. */
  readonly isMount: boolean;
}

/** A stage and the names that it needs. */
export interface PlannedStage {
  readonly stage: Stage;
  readonly from: ResolvedFrom;
  readonly base: Origin;
}

/** The stages of a file. */
export interface StagePlan {
  readonly stages: readonly PlannedStage[];
  readonly target: number;
  /** Whether names of steps have the stage's name: there is more than one stage, or image of an instruction. */
  readonly hasStageNames: boolean;
  /** The names that instructions need, but for FROM. @throws EngineError invalid */
  needsOf(instructions: readonly Instruction[]): readonly Need[];
  /** What a name of `--from` or of a mount stands for. Only COPY may name a stage by its index. @throws EngineError invalid */
  originOf(name: string, kind: Instruction['kind']): Origin;
}

export const SCRATCH = 'scratch';

/** Finds out what the stages need. @throws EngineError invalid */
export function planStages(
  stages: readonly Stage[],
  { globals, expander, target }: { globals: Scope; expander: Expander; target: string | undefined },
): StagePlan {
  const names = new Map<string, number>();
  const planned = stages.map((stage): PlannedStage => {
    const from = resolveFrom(stage.from, expandFrom(stage.from, globals, expander), globals);
    // Names of stages are kept in lower case. FROM compares as written, COPY and mounts in any case.
    const index = names.get(from.base);
    if (stage.from.stageName !== '') names.set(stage.from.stageName, stage.index);
    return { stage, from, base: index === undefined ? { kind: 'image', name: from.base } : { kind: 'stage', index } };
  });
  const targetIndex = target === undefined || target === '' ? stages.length - 1 : names.get(target.toLowerCase());
  if (targetIndex === undefined) {
    throw invalid(`target stage "${target}" could not be found${didYouMean(target ?? '', names.keys())}`);
  }
  const needsOf = (instructions: readonly Instruction[]): Need[] =>
    instructions.flatMap((instruction) =>
      fromNames(instruction).map((name) => ({
        origin: originOf(name, instruction.kind),
        range: instruction.range,
        isMount: instruction.kind === 'run',
      })),
    );
  const originOf: StagePlan['originOf'] = (name, kind) => {
    const index = names.get(name.toLowerCase()) ?? (kind === 'copy' ? indexOf(name, stages.length) : undefined);
    return index === undefined ? { kind: 'image', name } : { kind: 'stage', index };
  };
  const needs = planned.map(({ stage }) => needsOf(stage.instructions));
  refuseCircles(planned, needs);
  return {
    stages: planned,
    target: targetIndex,
    hasStageNames: stages.length > 1 || needs.some((list) => list.some(({ origin }) => origin.kind === 'image')),
    needsOf,
    originOf,
  };
}

/** The names in an instruction. Mounts without one count as `scratch`, as in BuildKit. */
function fromNames(instruction: Instruction): string[] {
  if (instruction.kind === 'copy') {
    if (instruction.from === '') return [];
    if (!/\$./.test(instruction.from)) return [instruction.from];
    throw invalid(
      'variable expansion is not supported for --from, define a new stage with FROM using ARG from global scope as a workaround',
    );
  }
  if (instruction.kind !== 'run') return [];
  return atPlace(instruction.range, () =>
    instruction.mounts.map((text) => {
      const { from = '' } = parseMount(text, (word) => word);
      return from === '' ? SCRATCH : from;
    }),
  );
}

function indexOf(name: string, count: number): number | undefined {
  if (!/^[+-]?\d+$/.test(name)) return undefined;
  const index = Number(name);
  if (index < 0 || index >= count) throw invalid(`invalid stage index ${index}`);
  return index;
}

/** Walks without recursion: a file may have a thousand stages that follow each other. */
function refuseCircles(planned: readonly PlannedStage[], needs: readonly (readonly Need[])[]): void {
  const next = planned.map(({ stage, base }, index) =>
    [{ origin: base, range: stage.from.range }, ...(needs[index] ?? [])].flatMap(({ origin, range }) =>
      origin.kind === 'stage' ? [{ index: origin.index, range }] : [],
    ),
  );
  const done = new Set<number>();
  for (const start of planned.keys()) {
    const path = [{ index: start, at: 0 }];
    const open = new Set([start]);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const to = done.has(top.index) ? undefined : next[top.index]?.[top.at++];
      if (to === undefined) {
        done.add(top.index);
        open.delete(top.index);
        path.pop();
      } else if (open.has(to.index)) {
        throw sourceError(`circular dependency detected on stage: ${nameOf(planned, to.index)}`, to.range);
      } else {
        open.add(to.index);
        path.push({ index: to.index, at: 0 });
      }
    }
  }
}

function nameOf(planned: readonly PlannedStage[], index: number): string {
  return planned[index]?.stage.from.stageName || String(index);
}
