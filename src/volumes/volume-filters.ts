import { invalid } from '../base/errors.ts';
import {
  anyValue,
  booleanOf,
  compileFilters,
  type FilterRules,
  type Filters,
  labelRule,
  notLabelRule,
  type Predicate,
  type TextTest,
  textPatterns,
} from '../spec/index.ts';
import { hasMount } from './mount-options.ts';
import { ANONYMOUS_LABEL, type VolumeRecord } from './record.ts';

/** A volume, and whether a container uses it. */
interface Candidate {
  readonly volume: VolumeRecord;
  readonly isUsed: boolean;
}

const LIST: FilterRules<Candidate, { readonly hasName: TextTest }> = {
  dangling: (values) => {
    const wanted = booleanOf('dangling', values);
    return ({ isUsed }) => isUsed !== wanted;
  },
  driver: anyValue(({ volume }, value) => value === (volume.driver ?? 'local')),
  label: labelRule(({ volume }) => volume.labels),
  name:
    (_values, { hasName }) =>
    ({ volume }) =>
      hasName(volume.name),
};

const PRUNE: FilterRules<Candidate> = {
  label: labelRule(({ volume }) => volume.labels),
  'label!': notLabelRule(({ volume }) => volume.labels),
  all: (values) => {
    const takesNamed = values.length > 0 && isTrue(values);
    return ({ volume }) => takesNamed || volume.labels?.[ANONYMOUS_LABEL] !== undefined;
  },
};

/** Compiles the filters of GET /volumes. @throws EngineError invalid */
export async function listFilter(filters: Filters): Promise<Predicate<Candidate>> {
  return compileFilters(filters, LIST, { hasName: await textPatterns(filters['name']) });
}

/**
 * Compiles the filters of POST /volumes/prune. A volume in use never passes, nor one whose content is elsewhere by its options, as
 * on Docker. Without `all` only anonymous volumes pass.
 * @throws EngineError invalid
 */
export function pruneFilter(filters: Filters): Predicate<Candidate> {
  const passes = compileFilters({ all: [], ...filters }, PRUNE, undefined);
  return (candidate) => {
    const { isUsed, volume } = candidate;
    return !isUsed && !hasMount(volume.options) && passes(candidate);
  };
}

/** Parses a boolean as Go does. @throws EngineError invalid */
function isTrue(values: readonly string[]): boolean {
  const [value = '', ...more] = values;
  if (more.length > 0) throw invalid(`invalid filter 'all=[${values.join(' ')}]': only one value is expected`);
  if (/^(?:1|t|T|true|TRUE|True)$/.test(value)) return true;
  if (/^(?:0|f|F|false|FALSE|False)$/.test(value)) return false;
  throw invalid(`invalid filter 'all': strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`);
}
