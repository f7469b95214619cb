import { importVolume } from '../../client/index.ts';
import { between, type Command } from '../command.ts';
import { CliError } from '../errors.ts';
import { flag } from '../flags/flag.ts';
import { openInput } from '../image/load.ts';
import { drawVolume } from './draw-volume.ts';

export const importCommand: Command = {
  usage: '[OPTIONS] VOLUME [FILE|-]',
  args: between(1, 2),
  examples: ['volume import data data.tar.gz', 'volume import --replace data - < data.tar'],
  details:
    'Creates the volume if it is missing. The content appears at once, when the whole archive is unpacked. Refuses a volume that holds files unless --replace is given, and a volume that a running container has mounted.',
  flags: [
    flag('-q, --quiet', 'bool', 'Suppress progress output'),
    flag('--replace', 'bool', 'Replace the content of the volume'),
  ],
  async run(cli, [name = '', file = '-'], flags) {
    if (file === '-' && cli.stdinIsTerminal) throw new CliError(1, 'requested import from stdin, but stdin is empty');
    const archive = await openInput(file);
    const messages = await importVolume(cli.client, name, { archive, replace: flags.bool('replace') });
    await drawVolume(cli, messages, { quiet: flags.bool('quiet') });
    return 0;
  },
};
