/** The name that a misspelt one most likely stands for. Undefined when none is near. */
export function nearestName(typed: string, names: readonly string[]): string | undefined {
  const squeezed = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]/g, '');
  const same = names.find((name) => squeezed(name) === squeezed(typed));
  if (same !== undefined) return same;
  const scored = names.map((name) => ({ name, steps: steps(typed, name) })).sort((a, b) => a.steps - b.steps);
  const [best] = scored;
  return best !== undefined && typed.length > 2 && best.steps <= (typed.length > 5 ? 2 : 1) ? best.name : undefined;
}

/** The number of characters to add, remove or replace (Levenshtein's distance). Long texts are not compared. */
function steps(a: string, b: string): number {
  if (a.length > 40) return Number.POSITIVE_INFINITY;
  let above = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row++) {
    const line = [row];
    for (let column = 1; column <= b.length; column++) {
      const replaced = (above[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      line.push(Math.min(replaced, (above[column] ?? 0) + 1, (line[column - 1] ?? 0) + 1));
    }
    above = line;
  }
  return above[b.length] ?? 0;
}
