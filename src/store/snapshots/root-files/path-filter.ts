import { type BytePath, showPath } from '../../../linux/index.ts';
import { ignoreRules } from '../../../spec/index.ts';
import type { PathSelection } from './path-selection.ts';

/** Decides on paths below a selected directory. */
export interface PathFilter {
  /** `partly`: not itself, but perhaps something below. `no`: neither it nor anything below. */
  verdict(path: BytePath): 'yes' | 'partly' | 'no';
}

/** Undefined when everything is selected. @throws EngineError invalid for a broken pattern */
export function pathFilter({ include = [], exclude = [] }: PathSelection): PathFilter | undefined {
  if (include.length === 0 && exclude.length === 0) return undefined;
  const [wanted, unwanted] = [ignoreRules(include), ignoreRules(exclude)];
  return {
    verdict(path) {
      const shown = showPath(path);
      if (unwanted.ignores(shown)) return unwanted.hasExceptions ? 'partly' : 'no';
      return include.length === 0 || wanted.ignores(shown) ? 'yes' : 'partly';
    },
  };
}
