import { between, type Command } from '../command.ts';
import { CliError } from '../errors.ts';
import { flag } from '../flags/flag.ts';
import { printList } from '../format/table.ts';
import { type BuildDetails, buildDetails } from './build-details.ts';
import { BUILDX_FLAGS } from './builder-flags.ts';
import { findRecord } from './find-record.ts';
import { showDetails } from './show-details.ts';
import { withBuilder } from './with-builder.ts';

export const inspectBuild: Command = {
  usage: '[OPTIONS] [REF]',
  args: between(0, 1),
  examples: ['buildx history inspect', "buildx history inspect --format '{{.Status}}' ^1"],
  flags: [
    ...BUILDX_FLAGS,
    flag('--format', 'string', 'Print it for people (`pretty`), as `json`, or with a template', { default: 'pretty' }),
  ],
  run: (cli, [given = ''], flags) =>
    withBuilder(cli, flags, async (builder, signal) => {
      if (given === 'attachment')
        throw new CliError(1, '`buildx history inspect attachment` is not there yet: `docker buildx` has it');
      const record = findRecord(await builder.history(signal), given);
      const details = await buildDetails(builder, record, signal);
      const format = flags.string('format');
      if (format === 'json') cli.out.line(JSON.stringify(details, undefined, 2));
      else if (format !== 'pretty' && format !== '') {
        const fields = (shown: BuildDetails) => ({ ...shown });
        printList(cli.out, { typeName: 'history.inspectOutput', table: '', titles: {}, fields }, [details], { format });
      } else cli.out.write(showDetails(details, await builder.failure(record, signal)));
      return 0;
    }),
};
