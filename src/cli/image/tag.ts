import { pathSegment } from '../../client/index.ts';
import { type Command, exactly } from '../command.ts';
import { CliError } from '../errors.ts';
import { parseFamiliar } from '../format/reference.ts';

export const tag: Command = {
  usage: 'SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]',
  args: exactly(2),
  examples: ['tag busybox:latest localhost:5000/busybox:v1'],
  flags: [],
  async run(cli, [source = '', target = '']) {
    if (!/^[0-9a-f]{64}$/.test(source)) parseName(source);
    const parsed = parseName(target);
    if (parsed.digest !== undefined) throw new CliError(1, 'refusing to create a tag with a digest reference');
    const repo = target.replace(/:[^:/]*$/, '');
    await cli.client.send({
      method: 'POST',
      path: `/images/${pathSegment(source)}/tag`,
      query: { repo, tag: parsed.tag ?? 'latest' },
    });
    return 0;
  },
};

/** @throws CliError in docker's words */
function parseName(text: string): NonNullable<ReturnType<typeof parseFamiliar>> {
  const parsed = parseFamiliar(text);
  if (parsed !== undefined) return parsed;
  const name = text.replace(/:[^:/]*$/, '');
  const why = /[A-Z]/.test(name)
    ? `: repository name (${name.includes('/') ? name : `library/${name}`}) must be lowercase`
    : '';
  throw new CliError(
    1,
    `Error parsing reference: ${JSON.stringify(text)} is not a valid repository/tag: invalid reference format${why}`,
  );
}
