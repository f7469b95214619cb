import type { Cli } from './cli.ts';
import type { Flag } from './flags/flag.ts';
import type { Flags } from './flags/parse.ts';

/**
 * One command of the command line. Its names and summary are in `commands.ts`, so that help shows them without loading
 * it.
 */
export interface Command {
  /** The arguments after the command's name, in docker's notation: `[OPTIONS] CONTAINER [CONTAINER...]`. */
  readonly usage: string;
  readonly args: ArgCount;
  readonly flags: readonly Flag[];
  /** False: flags end at the first argument, and the rest belongs to the container's command. */
  readonly interspersed?: false;
  /** Command lines for help, without the program's name. */
  readonly examples: readonly string[];
  /** Shown after the summary in help. */
  readonly details?: string;
  /** Resolves with the exit code. */
  readonly run: (cli: Cli, args: readonly string[], flags: Flags) => Promise<number>;
}

export interface ArgCount {
  readonly min: number;
  readonly max: number;
}

export const NO_ARGS: ArgCount = { min: 0, max: 0 };

export function exactly(count: number): ArgCount {
  return { min: count, max: count };
}

export function atLeast(min: number): ArgCount {
  return { min, max: Number.POSITIVE_INFINITY };
}

export function between(min: number, max: number): ArgCount {
  return { min, max };
}

/** The error for a wrong number of arguments, in docker's words. Undefined when the number is right. */
export function argumentFault(name: string, { min, max }: ArgCount, count: number): string | undefined {
  if (count >= min && count <= max) return undefined;
  const plural = (n: number): string => `${n} ${n === 1 ? 'argument' : 'arguments'}`;
  if (max === 0) return `'${name}' accepts no arguments`;
  if (min === max) return `'${name}' requires ${plural(min)}`;
  if (max === Number.POSITIVE_INFINITY) return `'${name}' requires at least ${plural(min)}`;
  if (min === 0) return `'${name}' requires at most ${plural(max)}`;
  return `'${name}' requires at least ${min} and at most ${plural(max)}`;
}
