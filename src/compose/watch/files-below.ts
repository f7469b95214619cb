import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { WatchRule } from './watch-rules.ts';

/** The files of a rule that are there now. */
export function* filesBelow(rule: WatchRule, path = rule.path): Generator<string> {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined || rule.skips(path)) return;
  if (!stat.isDirectory()) {
    if (rule.counts(path)) yield path;
    return;
  }
  for (const name of readdirSync(path)) yield* filesBelow(rule, join(path, name));
}
