import { COMMANDS, findNoun, NOUNS } from './commands.ts';
import { MISSING_COMMANDS } from './missing-commands.ts';

/** The message for a command that does not exist: Gantry does not have it yet, or the nearest existing commands. */
export function unknownCommand(name: string, words: readonly string[]): string {
  const { noun, verb = '' } = findNoun(words) ?? { noun: words[0] ?? '' };
  const isNoun = verb !== '';
  const typed = isNoun ? `${noun} ${verb}` : noun;
  if (MISSING_COMMANDS.includes(typed)) return `${name} ${typed}: Gantry does not have this yet`;
  const lines = [`${name}: '${typed}' is not a ${name} command.`];
  const near = isNoun ? nearest(verb, noun) : nearest(typed, undefined);
  if (near.length > 0)
    lines.push(
      '',
      near.length === 1 ? 'Did you mean this?' : 'Did you mean one of these?',
      ...near.map((each) => `  ${name} ${each}`),
    );
  lines.push('', `Run '${name} ${isNoun ? `${noun} ` : ''}--help' for more information`);
  return lines.join('\n');
}

/** After a noun only the verb can be misspelt. */
function nearest(typed: string, noun: string | undefined): string[] {
  const offered = COMMANDS.filter((entry) => entry.notYet === undefined);
  const all = [...Object.keys(NOUNS), ...offered.flatMap(({ path, aliases }) => [path, ...aliases])];
  const prefix = noun === undefined ? '' : `${noun} `;
  const known = all.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
  const scored = known
    .map((name) => ({ name, distance: distance(typed, name) }))
    .filter(
      ({ name, distance: d }) =>
        d <= Math.max(1, Math.floor(name.length / 3)) || (typed.length > 2 && name.startsWith(typed)),
    );
  return scored
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ name }) => prefix + name);
}

/** Levenshtein's distance, with swapped neighbours as one step. */
export function distance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, (beforeLast[j - 2] ?? 0) + 1);
      row.push(best);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}
