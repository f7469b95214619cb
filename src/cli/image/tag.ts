import { messageOf } from '../../base/errors.ts';
import { tagImage } from '../../client/index.ts';
import { familiarName, parseReference, type Reference } from '../../spec/index.ts';
import { type Command, exactly } from '../command.ts';
import { CliError } from '../errors.ts';

export const tag: Command = {
  usage: 'SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]',
  args: exactly(2),
  examples: ['tag busybox:latest localhost:5000/busybox:v1'],
  flags: [],
  async run(cli, [source = '', target = '']) {
    if (!/^[0-9a-f]{64}$/.test(source)) parseName(source);
    const parsed = parseName(target);
    if (parsed.digest !== undefined) throw new CliError(1, 'refusing to create a tag with a digest reference');
    await tagImage(cli.client, source, { repository: familiarName(parsed), tag: parsed.tag ?? 'latest' });
    return 0;
  },
};

/** @throws CliError in docker's words */
function parseName(text: string): Reference {
  try {
    return parseReference(text);
  } catch (error) {
    const why = messageOf(error);
    throw new CliError(1, `Error parsing reference: ${JSON.stringify(text)} is not a valid repository/tag: ${why}`, {
      cause: error,
    });
  }
}
