export { imageUrl } from './materials.ts';
export { type Provenance, type ProvenanceInput, provenance } from './provenance.ts';
export { type ProvenanceOptions, provenanceOptions } from './provenance-options.ts';
export { type SbomOptions, sbomOptions } from './sbom-options.ts';
export { type InTotoSubject, type StatementSubject, subjectsOf } from './statement.ts';
