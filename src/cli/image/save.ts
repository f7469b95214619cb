import { saveImages } from '../../client/index.ts';
import { atLeast, type Command } from '../command.ts';
import { CliError } from '../errors.ts';
import { flag } from '../flags/flag.ts';
import { checkOutputFile, writeOutputFile } from '../output-file.ts';
import { platformsOf } from './platform.ts';

export const save: Command = {
  usage: '[OPTIONS] IMAGE [IMAGE...]',
  args: atLeast(1),
  examples: ['save -o images.tar busybox nginx', 'save busybox | gzip > busybox.tar.gz'],
  flags: [
    flag('-o, --output', 'string', 'Write to a file instead of standard output'),
    flag('--platform', 'stringSlice', 'Save only the given platform (os[/arch[/variant]])'),
  ],
  async run(cli, names, flags) {
    const path = flags.string('output');
    if (path === '' && cli.out.isTerminal)
      throw new CliError(1, 'cowardly refusing to save to a terminal. Use the -o flag or redirect');
    if (path !== '') await checkOutputFile(path, 'failed to save image');
    const archive = await saveImages(cli.client, names, { platforms: platformsOf(flags.list('platform')) });
    if (path === '') for await (const chunk of archive) cli.out.write(chunk);
    else await writeOutputFile(path, archive);
    return 0;
  },
};
