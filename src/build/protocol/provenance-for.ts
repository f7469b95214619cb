import type { Platform } from '../../spec/index.ts';
import { type Provenance, type ProvenanceOptions, provenance, provenanceOptions } from '../attest/index.ts';
import type { ExportedAttestation } from '../exporters/index.ts';
import type { FrontendAttestation } from '../frontend/index.ts';
import { type LlbEdge, nodesOf } from '../llb/index.ts';
import type { BuildRun } from '../runs/index.ts';

/** What there is to say about how the results of a build came to be. */
export interface BuildProvenance {
  /** For the results: what the client wants. Undefined for nothing. */
  attached(result: DescribedResult): ExportedAttestation | undefined;
  /** For the history: in any case, and everything unless the client wants less. */
  recorded(result: DescribedResult): Provenance;
}

export interface DescribedResult {
  readonly edge: LlbEdge | undefined;
  /** What is said about the result: its sources, such as a scanner, are those of the build too. */
  readonly said: readonly FrontendAttestation[];
}

const RECORDED: ProvenanceOptions = {
  mode: 'max',
  version: 'v0.2',
  builderId: '',
  isReproducible: false,
  isInlineOnly: false,
};

/** Call it when the build begins. @throws EngineError for options that are not supported */
export function provenanceFor(
  attrs: ReadonlyMap<string, string>,
  { run, platform }: { readonly run: BuildRun; readonly platform: Platform },
): BuildProvenance {
  const options = provenanceOptions(attrs);
  const startedAt = Date.now();
  const describe = ({ edge, said }: DescribedResult, how: ProvenanceOptions): Provenance => {
    const { id, asked } = run;
    const read = new Set([
      ...run.read,
      ...said.flatMap((each) => (each.edge === undefined ? [] : [...nodesOf(each.edge)])),
    ]);
    const build = { id, frontend: asked.frontend, attrs: asked.options, read, startedAt, finishedAt: Date.now() };
    return provenance({ ...build, edge, platform }, how);
  };
  return {
    attached: (result) =>
      options && { ...describe(result, options), fileName: 'provenance.json', isInlineOnly: options.isInlineOnly },
    recorded: (result) => describe(result, options ?? RECORDED),
  };
}
