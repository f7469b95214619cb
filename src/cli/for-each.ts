import { messageOf } from '../base/errors.ts';
import type { Cli } from './cli.ts';

const AT_ONCE = 50;

/**
 * Calls `work` for each of the named objects, several at once, and prints each name (or the result of `work`) in the
 * given order. Errors are printed at the end. Resolves with the exit code.
 */
export async function forEach(
  cli: Cli,
  names: readonly string[],
  work: (name: string) => Promise<string | undefined>,
): Promise<number> {
  const results: Promise<{ text: string | undefined } | { error: unknown }>[] = [];
  const attempt = (name: string): Promise<{ text: string | undefined } | { error: unknown }> =>
    work(name).then(
      (text) => ({ text }),
      (error: unknown) => ({ error }),
    );
  for (const [index, name] of names.entries()) {
    const gate = index < AT_ONCE ? undefined : results[index - AT_ONCE];
    results.push(gate === undefined ? attempt(name) : gate.then(() => attempt(name)));
  }
  const faults: string[] = [];
  for (const pending of results) {
    const result = await pending;
    if ('error' in result) faults.push(messageOf(result.error));
    else if (result.text !== undefined) cli.out.line(result.text);
  }
  for (const fault of faults) cli.err.line(fault);
  return faults.length > 0 ? 1 : 0;
}
