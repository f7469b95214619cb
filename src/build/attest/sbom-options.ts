import { invalid } from '../../base/errors.ts';
import { askedAttestations } from './asked-attestations.ts';

export interface SbomOptions {
  /** The scanner's image. */
  readonly generator: string;
  /** Whether it is BuildKit's own, which the client did not name. */
  readonly isDefault: boolean;
  /** What else the client says: variables of the scanner, without their prefix `BUILDKIT_SCAN_`. */
  readonly parameters: ReadonlyMap<string, string>;
}

const DEFAULT_SCANNER = 'docker/buildkit-syft-scanner:stable-1';

/** The list of packages that a client asks for. Undefined for none. @throws EngineError invalid */
export function sbomOptions(attrs: ReadonlyMap<string, string>): SbomOptions | undefined {
  const { sbom: fields } = askedAttestations(attrs);
  if (fields === undefined) return undefined;
  const generator = fields.get('generator') ?? DEFAULT_SCANNER;
  if (generator === '') throw invalid('sbom generator cannot be empty');
  const parameters = new Map([...fields].filter(([name]) => name !== 'generator' && name !== 'disabled').toSorted());
  return { generator, isDefault: !fields.has('generator'), parameters };
}
