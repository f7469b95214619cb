import type { HistoryRecord } from '../../client/index.ts';
import { atLeast, between, type Command, NO_ARGS } from '../command.ts';
import { CliError } from '../errors.ts';
import { flag } from '../flags/flag.ts';
import { type ListFormat, printList } from '../format/table.ts';
import { BUILDX_FLAGS } from './builder-flags.ts';
import { ago, millisOf } from './cache-records.ts';
import { findRecord, nameOf } from './find-record.ts';
import { openProgress } from './progress/open-progress.ts';
import { withBuilder } from './with-builder.ts';

const BUILDS: ListFormat<HistoryRecord> = {
  typeName: '*history.lsContext',
  table: '{{.Ref}}\t{{.Name}}\t{{.Status}}\t{{.CreatedAt}}\t{{.Duration}}',
  titles: { Ref: 'BUILD ID', Name: 'NAME', Status: 'STATUS', CreatedAt: 'CREATED AT', Duration: 'DURATION' },
  fields: (record) => ({
    CreatedAt: ago(record.CreatedAt),
    Duration: `${((millisOf(record.CompletedAt) || Date.now()) - millisOf(record.CreatedAt)) / 1000}`
      .replace(/(\.\d)\d*$/, '$1')
      .concat('s'),
    Name: nameOf(record),
    Ref: record.Ref,
    Status: record.CompletedAt === undefined ? 'Running' : record.error === undefined ? 'Completed' : 'Error',
  }),
};

export const listBuilds: Command = {
  usage: '[OPTIONS]',
  args: NO_ARGS,
  examples: ['buildx history ls', "buildx history ls --format '{{.Ref}}'"],
  flags: [
    ...BUILDX_FLAGS,
    flag('--filter', 'list', 'Show only builds that fit: not there yet'),
    flag('--format', 'string', 'Print each build with a template, or as `json`', { default: 'table' }),
    flag('--local', 'bool', "Show builds of this folder's repository: not there yet"),
    flag('--no-trunc', 'bool', "Don't truncate output"),
  ],
  run: (cli, _args, flags) =>
    withBuilder(cli, flags, async (builder, signal) => {
      for (const name of ['filter', 'local'])
        if (flags.changed(name)) throw new CliError(1, `--${name}: Gantry's client does not have this yet`);
      printList(cli.out, BUILDS, await builder.history(signal), { format: flags.string('format') });
      return 0;
    }),
};

export const buildLogs: Command = {
  usage: '[OPTIONS] [REF]',
  args: between(0, 1),
  examples: ['buildx history logs', 'buildx history logs w2sw8vax91j3zaldu9ys911bf'],
  flags: [
    ...BUILDX_FLAGS,
    flag('--progress', 'string', 'Show the steps as plain, rawjson or tty', { default: 'plain' }),
  ],
  run: (cli, [given = ''], flags) =>
    withBuilder(cli, flags, async (builder, signal) => {
      const { Ref } = findRecord(await builder.history(signal), given);
      const progress = openProgress(cli, flags.string('progress'));
      for await (const status of builder.status(Ref, signal)) progress.take(status);
      progress.end();
      return 0;
    }),
};

export const removeBuilds: Command = {
  usage: '[OPTIONS] [REF...]',
  args: atLeast(0),
  examples: ['buildx history rm w2sw8vax91j3zaldu9ys911bf', 'buildx history rm --all'],
  flags: [flag('--all', 'bool', 'Remove all records'), ...BUILDX_FLAGS],
  run: (cli, refs, flags) =>
    withBuilder(cli, flags, async (builder, signal) => {
      const all = flags.bool('all');
      if (all === refs.length > 0)
        throw new CliError(1, `ERROR: ${all ? '--all takes no REF' : 'name a REF, or give --all'}`);
      const records = await builder.history(signal);
      const wanted = all
        ? records.filter(({ CompletedAt }) => CompletedAt !== undefined)
        : refs.map((ref) => findRecord(records, ref));
      for (const { Ref } of wanted) await builder.removeRecord(Ref, signal);
      return 0;
    }),
};
