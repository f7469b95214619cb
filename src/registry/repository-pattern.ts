/**
 * Whether a repository matches a pattern of the configuration. `*` matches any text within a component, `**` any text:
 * `team/*` matches `team/app` but not `team/app/base`, and `**` matches every repository.
 */
export function matchesRepository(pattern: string, repository: string): boolean {
  // The set of reached pattern positions. It needs no backtracking.
  let states = new Set([0]);
  const follow = (from: ReadonlySet<number>): Set<number> => {
    const all = new Set(from);
    for (const state of all) if (pattern[state] === '*') all.add(state + (pattern[state + 1] === '*' ? 2 : 1));
    return all;
  };
  for (const letter of repository) {
    const next = new Set<number>();
    for (const state of follow(states)) {
      if (pattern[state] === '*') {
        if (letter !== '/' || pattern[state + 1] === '*') next.add(state);
      } else if (pattern[state] === letter) next.add(state + 1);
    }
    states = next;
  }
  return follow(states).has(pattern.length);
}
