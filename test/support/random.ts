/** Random numbers that a seed repeats (mulberry32). `GANTRY_TEST_SEED` replays a failure. */
export interface Random {
  readonly seed: number;
  /** From 0 to less than 1. */
  next(): number;
  /** From 0 to less than `below`. */
  integer(below: number): number;
  pick<T>(items: readonly [T, ...T[]]): T;
}

export function seededRandom(given = process.env['GANTRY_TEST_SEED']): Random {
  const seed = given === undefined ? (Math.random() * 2 ** 32) >>> 0 : Number(given) >>> 0;
  let state = seed;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const integer = (below: number): number => Math.floor(next() * below);
  return {
    seed,
    next,
    integer,
    pick<T>(items: readonly [T, ...T[]]): T {
      return items[integer(items.length)] ?? items[0];
    },
  };
}
