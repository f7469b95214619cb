import { humanSize } from '../../base/sizes.ts';
import { type HistoryItem, imageHistory } from '../../client/index.ts';
import { type Command, exactly } from '../command.ts';
import { flag } from '../flags/flag.ts';
import { type ListFormat, printList } from '../format/table.ts';
import { ellipsis, truncateId } from '../format/text.ts';
import { humanDuration } from '../format/units.ts';
import { platformOf } from './platform.ts';

export const history: Command = {
  usage: '[OPTIONS] IMAGE',
  args: exactly(1),
  examples: ['history busybox', "history --no-trunc --format '{{.CreatedBy}}' busybox"],
  flags: [
    flag('--format', 'string', "Format output: 'table', 'table TEMPLATE', 'json' or a Go template"),
    flag('-H, --human', 'bool', 'Print sizes and dates in a readable format', { default: 'true' }),
    flag('--no-trunc', 'bool', "Don't truncate output"),
    flag('--platform', 'string', 'Select a platform of a multi-platform image (os[/arch[/variant]])'),
    flag('-q, --quiet', 'bool', 'Only display IDs'),
  ],
  async run(cli, [name = ''], flags) {
    const items = await imageHistory(cli.client, name, platformOf(flags.string('platform')));
    const kind = historyList({ truncate: !flags.bool('no-trunc'), human: flags.bool('human') });
    printList(cli.out, kind, items, { format: flags.string('format'), quiet: flags.bool('quiet') });
    return 0;
  },
};

function historyList({ truncate, human }: { truncate: boolean; human: boolean }): ListFormat<HistoryItem> {
  const id = (item: HistoryItem): string => (truncate ? truncateId(item.Id) : item.Id);
  const createdAt = (item: HistoryItem): string => new Date(item.Created * 1000).toISOString().replace('.000Z', 'Z');
  return {
    typeName: '*formatter.historyContext',
    table: human
      ? '{{.ID}}\t{{if .CreatedSince}}{{.CreatedSince}}{{else}}N/A{{end}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}'
      : '{{.ID}}\t{{.CreatedAt}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}',
    titles: {
      ID: 'IMAGE',
      CreatedSince: 'CREATED',
      CreatedAt: 'CREATED AT',
      CreatedBy: 'CREATED BY',
      Size: 'SIZE',
      Comment: 'COMMENT',
    },
    quiet: id,
    fields: (item) => ({
      Comment: item.Comment,
      CreatedAt: item.Created <= 0 ? '' : createdAt(item),
      CreatedBy: truncate ? ellipsis(item.CreatedBy.replaceAll('\t', ' '), 45) : item.CreatedBy.replaceAll('\t', ' '),
      CreatedSince:
        item.Created <= 0 ? '' : human ? `${humanDuration(Date.now() / 1000 - item.Created)} ago` : createdAt(item),
      ID: id(item),
      Size: human ? humanSize(item.Size, 3) : String(item.Size),
    }),
  };
}
