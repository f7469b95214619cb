import { EngineError, invalid } from '../../base/errors.ts';

/** Whether a text matches one of some patterns. */
export type TextTest = (text: string) => boolean;

/** Characters with a meaning in regular expressions. */
const META = /[\\^$.|?*+()[\]{}]/;

/**
 * Compiles a test whether a text equals one of `patterns` or matches it; true when there are none. Patterns are Go's
 * regular expressions (RE2), which do not backtrack: the time is linear in the text, whatever a client sends. A
 * malformed pattern matches only itself. The engine of expressions, 1 MB of heap, is loaded by the first pattern that
 * is not plain text.
 */
export async function textPatterns(patterns: readonly string[] = []): Promise<TextTest> {
  if (patterns.length === 0) return () => true;
  const tests = await Promise.all(patterns.map(textPattern));
  return (text) => patterns.includes(text) || tests.some((fits) => fits(text));
}

async function textPattern(pattern: string): Promise<TextTest> {
  try {
    return await textExpression(pattern);
  } catch (error) {
    if (error instanceof EngineError && error.kind === 'invalid') return () => false;
    throw error;
  }
}

/** Compiles one of Go's regular expressions. @throws EngineError invalid `error parsing regexp: ...` */
export async function textExpression(expression: string): Promise<TextTest> {
  if (!META.test(expression)) return (text) => text.includes(expression);
  const { RE2JS, RE2JSException } = await import('re2js');
  try {
    const compiled = RE2JS.compile(expression);
    return (text) => compiled.test(text);
  } catch (error) {
    if (error instanceof RE2JSException) throw invalid(error.message, error);
    throw error;
  }
}
