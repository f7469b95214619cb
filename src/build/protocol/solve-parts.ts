import { EngineError } from '../../base/errors.ts';
import type { CacheOptionsEntry } from '../../grpc/messages/control.ts';
import type { Definition } from '../../grpc/messages/pb.ts';
import type { FrontendResult } from '../frontend/bridge.ts';
import { type LlbEdge, readDefinition } from '../llb/index.ts';
import type { BuildRun } from '../runs/index.ts';

/** What both `Control.Solve` and the bridge's `Solve` may ask for. */
export interface SolveParts {
  readonly Definition: Definition | undefined;
  readonly Frontend: string;
  readonly options: ReadonlyMap<string, string>;
  readonly FrontendInputs: ReadonlyMap<string, Definition>;
  /** Caches for the steps of `Definition`. A frontend has them in its options. */
  readonly imports: readonly CacheOptionsEntry[];
}

/** Turns a request into graphs: the one that it has, or those of a frontend. @throws EngineError, GrpcError */
export async function solveParts(run: BuildRun, request: SolveParts, signal: AbortSignal): Promise<FrontendResult> {
  const { Definition, Frontend, options } = request;
  if (Definition !== undefined && Definition.def.length > 0) {
    if (Frontend !== '') throw new EngineError('invalid', 'cannot solve with Definition and Frontend specified');
    await run.importCaches(request.imports.map(({ Type, Attrs }) => ({ type: Type, attrs: Attrs })));
    return { refs: [{ id: '', edge: readDefinition(Definition) }], metadata: new Map() };
  }
  if (Frontend === '') return { refs: [], metadata: new Map() };
  const inputs = [...readInputs(request.FrontendInputs)].flatMap(([name, edge]): (readonly [string, LlbEdge])[] =>
    edge === undefined ? [] : [[name, edge]],
  );
  return await run.solve(Frontend, { options, inputs: new Map(inputs) }, signal);
}

export function readInputs(inputs: ReadonlyMap<string, Definition>): ReadonlyMap<string, LlbEdge | undefined> {
  return new Map([...inputs].map(([name, definition]) => [name, readDefinition(definition)]));
}
