import type { StatementSubject } from '../attest/index.ts';
import type { LlbEdge } from '../llb/graph.ts';

/** What a frontend says about a result: a statement of in-toto, or a folder of them. */
export interface FrontendAttestation {
  /** `bundle` is a folder with statements, `inToto` a file with what a statement says. */
  readonly kind: 'bundle' | 'inToto';
  /** The tree that holds it. */
  readonly edge: LlbEdge | undefined;
  /** Of the folder or the file. */
  readonly path: string;
  /** '' takes all of a bundle. */
  readonly predicateType: string;
  /** Empty for the result itself. */
  readonly subjects: readonly StatementSubject[];
  /** By BuildKit's keys: `reason`, `sbom-core`, `inline-only`. */
  readonly metadata: ReadonlyMap<string, Uint8Array>;
}

/** The format of lists of packages. */
export const SPDX = 'https://spdx.dev/Document';
