import { basename } from 'node:path';
import type { HistoryRecord } from '../../client/index.ts';
import { CliError } from '../errors.ts';

/** A build by its ref or the beginning of it, or by `^N` of the Nth before the last. '' for the last. @throws CliError */
export function findRecord(records: readonly HistoryRecord[], given: string): HistoryRecord {
  const ref = given.split('/').at(-1) ?? '';
  const before = /^\^(\d*)$/.exec(ref);
  if (ref === '' || before !== null) {
    const record = records[before === null ? 0 : Number(before[1] || 1)];
    if (record === undefined) throw new CliError(1, 'ERROR: no builds found');
    return record;
  }
  const [record, ...others] = records.filter(({ Ref }) => Ref.startsWith(ref));
  if (record === undefined) throw new CliError(1, `ERROR: no record found for ref ${JSON.stringify(given)}`);
  if (others.length > 0) throw new CliError(1, `ERROR: several builds begin with ${JSON.stringify(given)}`);
  return record;
}

/** What people know a build by: its context or Dockerfile. */
export function nameOf({ FrontendAttrs: attrs }: HistoryRecord): string {
  const target = attrs.get('target') ?? '';
  const context = attrs.get('vcs:localdir:context') ?? attrs.get('context') ?? '';
  const file = attrs.get('filename') ?? '';
  const shown = [context === '' ? '' : basename(context), file === 'Dockerfile' ? '' : file].filter(
    (part) => part !== '',
  );
  return `${shown.join('/')}${target === '' ? '' : ` (${target})`}`.trim();
}
