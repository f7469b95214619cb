/**
 * Visits names side by side, each after those that it needs. The first failure ends it: what has begun is waited for,
 * and nothing else begins. @throws what the first failed visit throws
 */
export async function inOrder(
  names: Iterable<string>,
  needs: (name: string) => readonly string[],
  visit: (name: string) => Promise<void>,
): Promise<void> {
  const all = new Set(names);
  const visits = new Map<string, Promise<void>>();
  let failure: { readonly error: unknown } | undefined;
  const visited = (name: string): Promise<void> => {
    const known = visits.get(name);
    if (known !== undefined) return known;
    const begun = (async () => {
      await Promise.all(
        needs(name)
          .filter((each) => all.has(each))
          .map(visited),
      );
      if (failure !== undefined) return;
      try {
        await visit(name);
      } catch (error) {
        failure ??= { error };
      }
    })();
    visits.set(name, begun);
    return begun;
  };
  await Promise.all([...all].map(visited));
  if (failure !== undefined) throw failure.error;
}

/** Runs work for each item side by side and waits for all. @throws the first failure */
export async function forAll<T>(items: Iterable<T>, work: (item: T) => Promise<void>): Promise<void> {
  const outcomes = await Promise.allSettled([...items].map((item) => work(item)));
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
}
