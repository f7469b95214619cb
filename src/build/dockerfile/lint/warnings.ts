import type { Range } from '../location.ts';
import { type CheckOptions, runsRule, withCommentOptions } from './check-options.ts';
import { RULES, type RuleName, ruleUrl } from './rules.ts';

export interface Warning {
  readonly rule: RuleName;
  readonly description: string;
  readonly url: string;
  readonly detail: string;
  readonly range: Range;
}

/** A place that a warning is about. */
interface Place {
  readonly range: Range;
  readonly comments?: readonly string[];
}

/** Collects warnings of the rules that run. */
export class Warnings {
  readonly #options: CheckOptions;
  readonly #list: Warning[] = [];

  constructor(options: CheckOptions) {
    this.#options = options;
  }

  get list(): readonly Warning[] {
    return this.#list;
  }

  add(rule: RuleName, { range, comments = [] }: Place, detail: string): void {
    if (!runsRule(withCommentOptions(this.#options, comments), rule)) return;
    this.#list.push({ rule, description: RULES[rule].description, url: ruleUrl(rule), detail, range });
  }
}
