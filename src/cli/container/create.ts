import { atLeast, type Command } from '../command.ts';
import { createFromFlags } from './create-from-flags.ts';
import { CONTAINER_FLAGS } from './options/flags.ts';

export const create: Command = {
  usage: '[OPTIONS] IMAGE [COMMAND] [ARG...]',
  args: atLeast(1),
  interspersed: false,
  examples: ['create --name web -p 8080:80 nginx', 'create -it busybox sh'],
  flags: CONTAINER_FLAGS,
  async run(cli, args, flags) {
    const { id } = await createFromFlags(cli, { verb: 'create', args, flags, detach: false });
    cli.out.line(id);
    return 0;
  },
};
