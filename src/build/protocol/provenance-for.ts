import type { Platform } from '../../spec/index.ts';
import { type Provenance, type ProvenanceOptions, provenance, provenanceOptions } from '../attest/index.ts';
import type { ExportedAttestation } from '../exporters/index.ts';
import type { LlbEdge } from '../llb/index.ts';
import type { BuildRun } from '../runs/index.ts';

/** What there is to say about how the results of a build came to be. */
export interface BuildProvenance {
  /** For the results: what the client wants. Undefined for nothing. */
  attached(edge: LlbEdge | undefined): ExportedAttestation | undefined;
  /** For the history: in any case, and everything unless the client wants less. */
  recorded(edge: LlbEdge | undefined): Provenance;
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
  const describe = (edge: LlbEdge | undefined, how: ProvenanceOptions): Provenance => {
    const { id, asked, read } = run;
    const build = { id, frontend: asked.frontend, attrs: asked.options, read, startedAt, finishedAt: Date.now() };
    return provenance({ ...build, edge, platform }, how);
  };
  return {
    attached: (edge) =>
      options && { ...describe(edge, options), fileName: 'provenance.json', isInlineOnly: options.isInlineOnly },
    recorded: (edge) => describe(edge, options ?? RECORDED),
  };
}
