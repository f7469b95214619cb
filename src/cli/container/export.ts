import { exportContainer } from '../../client/index.ts';
import { type Command, exactly } from '../command.ts';
import { CliError } from '../errors.ts';
import { flag } from '../flags/flag.ts';
import { checkOutputFile, writeOutputFile } from '../output-file.ts';

export const exportCommand: Command = {
  usage: '[OPTIONS] CONTAINER',
  args: exactly(1),
  examples: ['export -o root.tar web', 'export web | gzip > root.tar.gz'],
  flags: [flag('-o, --output', 'string', 'Write to a file instead of standard output')],
  async run(cli, [name = ''], flags) {
    const path = flags.string('output');
    if (path === '' && cli.out.isTerminal)
      throw new CliError(1, 'cowardly refusing to save to a terminal. Use the -o flag or redirect');
    if (path !== '') await checkOutputFile(path, 'failed to export container');
    const archive = await exportContainer(cli.client, name);
    if (path === '') for await (const chunk of archive) cli.out.write(chunk);
    else await writeOutputFile(path, archive);
    return 0;
  },
};
