import { type FoundImage, searchImages } from '../../client/index.ts';
import { registryAuth } from '../../logins/index.ts';
import { type Command, exactly } from '../command.ts';
import { parseFilters } from '../filters.ts';
import { flag } from '../flags/flag.ts';
import { type ListFormat, printList } from '../format/table.ts';

const DESCRIPTION_LENGTH_MAX = 45;

export const search: Command = {
  usage: '[OPTIONS] TERM',
  args: exactly(1),
  examples: ['search nginx', 'search --filter is-official=true nginx', 'search localhost:5000/app'],
  flags: [
    flag('-f, --filter', 'filter', 'Filter output by conditions (stars=, is-official=)'),
    flag('--format', 'string', "Format output: 'table TEMPLATE', 'json' or a Go template"),
    flag('--limit', 'int', 'Limit the number of results'),
    flag('--no-trunc', 'bool', "Don't truncate output"),
  ],
  async run(cli, [term = ''], flags) {
    const found = await searchImages(cli.client, term, {
      limit: flags.int('limit') <= 0 ? undefined : flags.int('limit'),
      filters: parseFilters(flags.list('filter')),
      registryAuth: await registryAuth(cli, term),
    });
    const whole = flags.bool('no-trunc');
    const format = flags.string('format');
    printList(
      cli.out,
      foundFormat(format === 'json' || format === '{{json .}}'),
      found.map((each) => described(each, whole ? Number.POSITIVE_INFINITY : DESCRIPTION_LENGTH_MAX)),
      {
        format,
        quiet: false,
      },
    );
    return 0;
  },
};

/** Puts the description on one line of at most `lengthMax` characters. */
function described(found: FoundImage, lengthMax: number): FoundImage {
  const description = found.description.replaceAll('\n', ' ').replaceAll('\r', ' ');
  const characters = [...description];
  if (characters.length <= lengthMax) return { ...found, description };
  return { ...found, description: `${characters.slice(0, lengthMax - 1).join('')}…` };
}

/** Only in JSON does Docker print booleans as words. */
const foundFormat = (json: boolean): ListFormat<FoundImage> => ({
  typeName: '*formatter.searchContext',
  table: '{{.Name}}\t{{.Description}}\t{{.StarCount}}\t{{.IsOfficial}}',
  titles: {
    Name: 'NAME',
    Description: 'DESCRIPTION',
    StarCount: 'STARS',
    IsOfficial: 'OFFICIAL',
  },
  quiet: (found) => found.name,
  fields: (found) => ({
    Description: found.description,
    IsOfficial: json ? String(found.is_official) : found.is_official ? '[OK]' : '',
    Name: found.name,
    StarCount: String(found.star_count),
  }),
});
