import { invalid } from '../../base/errors.ts';
import { csvFields } from '../dockerfile/index.ts';

const PREFIX = 'attest:';
/** Build arguments that ask for the same. */
const ARG_PREFIX = 'build-arg:BUILDKIT_ATTEST_';

/** The statements that a client asks for, from the attributes of its frontend: the fields of each kind. */
export interface AskedAttestations {
  readonly provenance?: ReadonlyMap<string, string>;
  readonly sbom?: ReadonlyMap<string, string>;
}

/** @throws EngineError invalid for kinds that there are not */
export function askedAttestations(attrs: ReadonlyMap<string, string>): AskedAttestations {
  const asked: { provenance?: ReadonlyMap<string, string>; sbom?: ReadonlyMap<string, string> } = {};
  for (const [name, value] of attrs) {
    const prefix = [PREFIX, ARG_PREFIX].find((each) => name.startsWith(each));
    if (prefix === undefined) continue;
    const fields = attributesOf(value);
    if (fields.has('disabled') && fields.get('disabled') !== 'false') continue;
    const kind = name.slice(prefix.length).toLowerCase();
    if (kind !== 'provenance' && kind !== 'sbom') throw invalid(`unknown attestation type ${JSON.stringify(kind)}`);
    asked[kind] = fields;
  }
  return asked;
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
