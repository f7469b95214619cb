/** Further edits than this make a suggestion useless. */
const EDITS_MAX = 2;
const LENGTH_MAX = 256;

/** The option that is at most two edits from `text`, the nearest and earliest. Undefined if `text` itself is an option. */
export function nearest(text: string, options: Iterable<string>): string | undefined {
  let [best, bestEdits]: [string | undefined, number] = [undefined, EDITS_MAX + 1];
  if (text.length > LENGTH_MAX) return undefined;
  for (const option of options) {
    if (option === text) return undefined;
    if (Math.abs(option.length - text.length) >= bestEdits) continue;
    const edits = distance(text, option);
    if (edits < bestEdits) [best, bestEdits] = [option, edits];
  }
  return best;
}

/** The text of BuildKit's suggestion, with a leading space, or nothing. */
export function didYouMean(text: string, options: Iterable<string>, prefix = ''): string {
  const option = nearest(text, options);
  return option === undefined ? '' : ` (did you mean ${prefix}${option}?)`;
}

/** Like `didYouMean`, whatever the case of the letters. The suggestion has the case of `text`. */
export function didYouMeanAnyCase(text: string, options: readonly string[]): string {
  const option = nearest(
    text.toLowerCase(),
    options.map((each) => each.toLowerCase()),
  );
  if (option === undefined) return '';
  const isUpper = text !== text.toLowerCase() && text === text.toUpperCase();
  return ` (did you mean ${isUpper ? option.toUpperCase() : option}?)`;
}

/** Levenshtein's distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
