import type { Builder, BuildFailure } from './build/index.ts';
import type { Engine } from './engine-client.ts';

/** A builder that is open, with what reads its failures. */
export interface OpenBuilder {
  readonly builder: Builder;
  readonly failureOf: (error: unknown) => BuildFailure | undefined;
}

/** Connects to the engine's builder. Its code is loaded here: other commands do not need it. @throws EngineError */
export async function openBuilder(engine: Pick<Engine, 'hijack'>, signal: AbortSignal): Promise<OpenBuilder> {
  const { createBuilder, buildFailure } = await import('./build/index.ts');
  return { builder: await createBuilder(engine, signal), failureOf: buildFailure };
}
