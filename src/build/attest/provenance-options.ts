import { invalid } from '../../base/errors.ts';
import { askedAttestations } from './asked-attestations.ts';

export interface ProvenanceOptions {
  /** `max` says also what may tell too much: arguments, names of secrets, the whole graph. */
  readonly mode: 'min' | 'max';
  /** Of SLSA's predicate. */
  readonly version: 'v0.2' | 'v1';
  readonly builderId: string;
  readonly isReproducible: boolean;
  /** Whether only images get it, and not files for the client. */
  readonly isInlineOnly: boolean;
}

/**
 * What a client asks to attest, from the attributes of its frontend. Undefined for no provenance.
 * @throws EngineError invalid
 */
export function provenanceOptions(attrs: ReadonlyMap<string, string>): ProvenanceOptions | undefined {
  const { provenance } = askedAttestations(attrs);
  return provenance && readOptions(provenance);
}

function readOptions(fields: ReadonlyMap<string, string>): ProvenanceOptions {
  const mode = fields.get('mode') ?? 'min';
  if (mode !== 'min' && mode !== 'max') throw invalid(`invalid mode ${JSON.stringify(mode)}`);
  const version = fields.get('version') ?? 'v0.2';
  if (version !== 'v0.2' && version !== 'v1')
    throw invalid(`invalid SLSA provenance version ${JSON.stringify(version)}`);
  return {
    mode,
    version,
    builderId: fields.get('builder-id') ?? '',
    isReproducible: isTrue(fields, 'reproducible'),
    isInlineOnly: isTrue(fields, 'inline-only'),
  };
}

function isTrue(fields: ReadonlyMap<string, string>, key: string): boolean {
  const value = fields.get(key);
  if (value === undefined || /^(?:0|f|false)$/i.test(value)) return false;
  if (/^(?:1|t|true)?$/i.test(value)) return true;
  throw invalid(`failed to parse ${key} flag ${JSON.stringify(value)}`);
}
