import type { Engine } from '../client/index.ts';

export interface CopyDeps {
  readonly engine: Engine;
  /** Told of each piece on its way. */
  onBytes(count: number): void;
}

/** The same pieces, counted. */
export async function* counted(
  { onBytes }: CopyDeps,
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    onBytes(chunk.length);
    yield chunk;
  }
}
