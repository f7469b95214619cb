import { invalid } from '../../base/errors.ts';
import { csvFields } from '../dockerfile/index.ts';

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

const PREFIX = 'attest:';

/**
 * What a client asks to attest, from the attributes of its frontend. Undefined for no provenance.
 * @throws EngineError invalid
 */
export function provenanceOptions(attrs: ReadonlyMap<string, string>): ProvenanceOptions | undefined {
  let options: ProvenanceOptions | undefined;
  for (const [name, value] of attrs) {
    if (!name.startsWith(PREFIX)) continue;
    const fields = attributesOf(value);
    if (fields.has('disabled') && fields.get('disabled') !== 'false') continue;
    const kind = name.slice(PREFIX.length);
    if (kind === 'sbom') continue;
    if (kind !== 'provenance') throw invalid(`unknown attestation type ${JSON.stringify(kind)}`);
    options = readOptions(fields);
  }
  return options;
}

export interface SbomOptions {
  /** The scanner's image. */
  readonly generator: string;
  /** Whether it is BuildKit's own, which the client did not name. */
  readonly isDefault: boolean;
}

const DEFAULT_SCANNER = 'docker/buildkit-syft-scanner:stable-1';

/** The list of packages that a client asks for. Undefined for none. @throws EngineError invalid */
export function sbomOptions(attrs: ReadonlyMap<string, string>): SbomOptions | undefined {
  const given = attrs.get(`${PREFIX}sbom`);
  if (given === undefined) return undefined;
  const fields = attributesOf(given);
  if (fields.has('disabled') && fields.get('disabled') !== 'false') return undefined;
  const generator = fields.get('generator') ?? DEFAULT_SCANNER;
  if (generator === '') throw invalid('sbom generator cannot be empty');
  return { generator, isDefault: !fields.has('generator') };
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

function attributesOf(text: string): ReadonlyMap<string, string> {
  if (text === '') return new Map();
  return new Map(
    csvFields(text).map((field) => {
      const equals = field.indexOf('=');
      return equals < 0 ? [field, ''] : [field.slice(0, equals), field.slice(equals + 1)];
    }),
  );
}
