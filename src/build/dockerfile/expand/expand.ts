import { EngineError, invalid } from '../../../base/errors.ts';
import { EXPANSION_STEPS_MAX } from '../limits.ts';
import type { Escape } from '../parse/tree.ts';
import { quote } from '../values/quote.ts';
import { Budget } from './budget.ts';
import type { Expanded, ExpandMode, Variables } from './expanded.ts';
import { Expansion } from './expansion.ts';

/**
 * Expands the words of one Dockerfile: quotes, escapes, `$X`, `${X}`, and with a modifier `:-` `-` `:+` `+` `:?` `?` `#`
 * `##` `%` `%%` `/` `//`. All calls together have a limit of steps, so that no file keeps the engine busy.
 */
export interface Expander {
  /** @throws EngineError invalid, in BuildKit's words */
  expand(text: string, variables: Variables, mode?: ExpandMode): Expanded;
}

export function createExpander(escapeChar: Escape, stepsMax = EXPANSION_STEPS_MAX): Expander {
  const budget = new Budget(stepsMax);
  return {
    expand(text, variables, mode = {}) {
      const expansion = new Expansion({ text, variables, budget, mode: { escapeChar, ...mode } });
      try {
        return expansion.run();
      } catch (error) {
        if (!(error instanceof EngineError)) throw error;
        throw invalid(`failed to process ${quote(text)}: ${error.message}`);
      }
    },
  };
}
