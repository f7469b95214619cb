import type { Scope } from '../scope/scope.ts';
import { didYouMean } from '../values/suggest.ts';

const SEARCHES_MAX = 1000;
const NAMES_MAX = 1000;

/** Finds the names that an author may have meant. A run has so many searches that no file makes it slow. */
export class Suggestions {
  #searches = 0;

  /** ` (did you mean NAME?)`, or ''. */
  of(name: string, scope: Scope, prefix = ''): string {
    this.#searches += 1;
    if (this.#searches > SEARCHES_MAX) return '';
    return didYouMean(name, scope.names(NAMES_MAX), prefix);
  }
}
