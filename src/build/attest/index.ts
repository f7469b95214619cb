export { imageUrl } from './materials.ts';
export { type Provenance, type ProvenanceInput, provenance } from './provenance.ts';
export { type ProvenanceOptions, provenanceOptions, type SbomOptions, sbomOptions } from './provenance-options.ts';
