import { invalid } from '../../../base/errors.ts';
import { trimSpace } from '../../../base/go-space.ts';
import { parseDirective } from '../parse/directives.ts';
import { parseBoolean } from '../values/numbers.ts';
import { quote } from '../values/quote.ts';
import { RULES, type RuleName } from './rules.ts';

/** Names of rules, or all. */
type RuleSet = ReadonlySet<string> | 'all';

/** Which rules run: `# check=skip=A,B;experimental=all;error=true`, or the build argument BUILDKIT_DOCKERFILE_CHECK. */
export interface CheckOptions {
  readonly skip: RuleSet;
  readonly experimental: RuleSet;
  /** Whether a warning fails the build. */
  readonly isError: boolean;
}

const NO_OPTIONS: CheckOptions = { skip: new Set(), experimental: new Set(), isError: false };

/** @throws EngineError invalid `invalid check option "x"` */
export function parseCheckOptions(text: string): CheckOptions {
  const trimmed = trimSpace(text);
  let options = NO_OPTIONS;
  if (trimmed === '') return options;
  for (const part of optionParts(trimmed)) {
    const at = part.indexOf('=');
    if (at < 0) throw invalid(`invalid check option ${quote(part)}`);
    const key = trimSpace(part.slice(0, at));
    const value = trimSpace(part.slice(at + 1));
    if (key === 'skip') options = { ...options, skip: ruleSet(value) };
    else if (key === 'experimental') options = { ...options, experimental: ruleSet(value) };
    else if (key === 'error') options = { ...options, isError: errorOf(value, part) };
    else throw invalid(`invalid check option ${quote(key)}`);
  }
  return options;
}

/** The options with those of a comment `# check=` before one instruction. Such a comment never fails. */
export function withCommentOptions(options: CheckOptions, comments: readonly string[]): CheckOptions {
  const directive = comments.map(parseDirective).find((each) => each?.name === 'check');
  if (directive === undefined) return options;
  try {
    const own = parseCheckOptions(directive.value.split(' ', 1)[0] ?? '');
    return {
      skip: bothSets(options.skip, own.skip),
      experimental: bothSets(options.experimental, own.experimental),
      isError: options.isError,
    };
  } catch {
    return options;
  }
}

export function runsRule({ skip, experimental }: CheckOptions, name: RuleName): boolean {
  return 'isExperimental' in RULES[name] ? hasRule(experimental, name) : !hasRule(skip, name);
}

/** Three at most. The third keeps further semicolons. */
function optionParts(text: string): string[] {
  const [first = '', second, ...rest] = text.split(';');
  return [first, ...(second === undefined ? [] : [second]), ...(rest.length === 0 ? [] : [rest.join(';')])];
}

function ruleSet(value: string): RuleSet {
  return value === 'all' ? 'all' : new Set(value.split(',').map(trimSpace));
}

function hasRule(set: RuleSet, name: string): boolean {
  return set === 'all' || set.has(name);
}

function bothSets(one: RuleSet, other: RuleSet): RuleSet {
  return one === 'all' || other === 'all' ? 'all' : new Set([...one, ...other]);
}

function errorOf(value: string, part: string): boolean {
  const isError = parseBoolean(value);
  if (isError !== undefined) return isError;
  throw invalid(
    `failed to parse check option ${quote(part)}: strconv.ParseBool: parsing ${quote(value)}: invalid syntax`,
  );
}
