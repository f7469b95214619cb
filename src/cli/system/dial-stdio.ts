import { pipeline } from 'node:stream/promises';
import { type Command, NO_ARGS } from '../command.ts';

export const dialStdio: Command = {
  usage: '',
  args: NO_ARGS,
  examples: ['system dial-stdio'],
  details: 'For programs that reach an engine through another connection, such as ssh.',
  flags: [],
  async run(cli) {
    const socket = await cli.client.connect();
    // The engine may still send after our input has ended. After the engine's end our input is dropped.
    const input = pipeline(process.stdin, socket).catch(() => {});
    for await (const chunk of socket) cli.out.write(chunk as Buffer);
    void input;
    return 0;
  },
};
