import type { Engine } from '../client/index.ts';

export interface CopyDeps {
  readonly engine: Engine;
  /** Called with the size of each transferred chunk. */
  onBytes(count: number): void;
}

/** Yields the same chunks, and counts them. */
export async function* counted(
  { onBytes }: CopyDeps,
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    onBytes(chunk.length);
    yield chunk;
  }
}
