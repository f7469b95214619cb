import type { BuildCache } from '../cache/index.ts';
import type { SourceDeps } from './sources/index.ts';

/** What ops need of the engine, of the builder and of the clients. */
export interface OpDeps extends SourceDeps {
  readonly cache: Pick<BuildCache, 'mounts'>;
}
