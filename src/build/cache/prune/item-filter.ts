import { invalid } from '../../../base/errors.ts';
import type { CacheItem } from '../items.ts';

type Condition = (item: CacheItem) => boolean;

/** `field`, `field==text`, `field!=text`, `field~=pattern`; `!field` for flags that are not set. */
const CONDITION = /^(!?)([a-z]+)(?:(==|!=|~=)(.*))?$/s;

const FLAGS: Readonly<Record<string, (item: CacheItem) => boolean>> = {
  inuse: (item) => item.isInUse,
  shared: (item) => item.isShared,
  private: (item) => !item.isShared,
  mutable: (item) => item.isMutable,
  immutable: (item) => !item.isMutable,
};

const TEXTS: Readonly<Record<string, (item: CacheItem) => readonly string[]>> = {
  id: (item) => [item.id],
  type: (item) => [item.type],
  description: (item) => [item.description],
  parent: (item) => item.parents,
  parents: (item) => item.parents,
};

/**
 * Compiles BuildKit's filters. All conditions of a filter hold, and one of the filters does. None lets everything pass.
 * @throws EngineError invalid
 */
export function itemFilter(filters: readonly string[]): Condition {
  const compiled = filters.map((filter) => splitConditions(filter).map(condition));
  return (item) => compiled.length === 0 || compiled.some((all) => all.every((holds) => holds(item)));
}

function condition(text: string): Condition {
  const [, not = '', field = '', operator, value = ''] = CONDITION.exec(text.trim()) ?? [];
  const flag = Object.hasOwn(FLAGS, field) ? FLAGS[field] : undefined;
  if (flag !== undefined) return flagCondition(flag, { not: not !== '', operator, value: unquoted(value), text });
  const of = Object.hasOwn(TEXTS, field) ? TEXTS[field] : undefined;
  if (of === undefined || not !== '') throw invalid(`invalid filter ${JSON.stringify(text)}`);
  const wanted = unquoted(value);
  switch (operator) {
    case '==':
      return (item) => of(item).includes(wanted);
    case '!=':
      return (item) => !of(item).includes(wanted);
    case '~=': {
      const pattern = patternOf(wanted);
      return (item) => of(item).some((each) => pattern.test(each));
    }
    default:
      return (item) => of(item).some((each) => each !== '');
  }
}

function flagCondition(
  flag: Condition,
  {
    not,
    operator,
    value,
    text,
  }: {
    readonly not: boolean;
    readonly operator: string | undefined;
    readonly value: string;
    readonly text: string;
  },
): Condition {
  const wanted = operator === undefined ? true : { true: true, '1': true, false: false, '0': false }[value];
  if (wanted === undefined || operator === '~=') throw invalid(`invalid filter ${JSON.stringify(text)}`);
  const isWanted = (operator === '!=' ? !wanted : wanted) !== not;
  return (item) => flag(item) === isWanted;
}

/** A pattern of a client runs on short texts of ours. */
function patternOf(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch (error) {
    throw invalid(`invalid pattern ${JSON.stringify(text)} in a filter`, error);
  }
}

/** Commas in quotes do not count. */
function splitConditions(filter: string): readonly string[] {
  return filter.match(/(?:"(?:\\.|[^"\\])*"|[^,"])+/g) ?? [];
}

function unquoted(text: string): string {
  return /^".*"$/s.test(text) ? text.slice(1, -1).replace(/\\(.)/gs, '$1') : text;
}
