import { parseNanos } from '../../base/time.ts';
import { listNetworks, type NetworkSummary } from '../../client/index.ts';
import { type Command, NO_ARGS } from '../command.ts';
import { parseFilters } from '../filters.ts';
import { flag } from '../flags/flag.ts';
import { naturalOrder } from '../format/natural.ts';
import { type ListFormat, printList } from '../format/table.ts';
import { goTimeExact, labelList, truncateId } from '../format/text.ts';

export const ls: Command = {
  usage: '[OPTIONS]',
  args: NO_ARGS,
  examples: ['network ls', 'network ls --filter driver=bridge'],
  flags: [
    flag('-f, --filter', 'filter', 'Filter output by conditions (driver=, name=, label=, ...)'),
    flag('--format', 'string', "Format output: 'table', 'table TEMPLATE', 'json' or a Go template"),
    flag('--no-trunc', 'bool', "Don't truncate output"),
    flag('-q, --quiet', 'bool', 'Only display IDs'),
  ],
  async run(cli, _args, flags) {
    const networks = await listNetworks(cli.client, parseFilters(flags.list('filter')));
    const sorted = networks.toSorted((a, b) => naturalOrder(a.Name, b.Name));
    const format = flags.string('format') || (flags.bool('quiet') ? '' : (cli.config.networksFormat ?? ''));
    printList(cli.out, networkList(!flags.bool('no-trunc')), sorted, { format, quiet: flags.bool('quiet') });
    return 0;
  },
};

function networkList(truncate: boolean): ListFormat<NetworkSummary> {
  const id = (network: NetworkSummary): string => (truncate ? truncateId(network.Id) : network.Id);
  return {
    typeName: '*network.networkContext',
    table: '{{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.Scope}}',
    titles: {
      ID: 'NETWORK ID',
      Name: 'NAME',
      Driver: 'DRIVER',
      Scope: 'SCOPE',
      IPv4: 'IPV4',
      IPv6: 'IPV6',
      Labels: 'LABELS',
      Internal: 'INTERNAL',
      CreatedAt: 'CREATED AT',
    },
    quiet: id,
    raw: ['network_id: {{.ID}}\nname: {{.Name}}\ndriver: {{.Driver}}\nscope: {{.Scope}}\n', 'network_id: {{.ID}}'],
    fields: (network) => ({
      get CreatedAt() {
        return goTimeExact(parseNanos(network.Created) ?? 0n);
      },
      Driver: network.Driver,
      ID: id(network),
      IPv4: String(network.EnableIPv4 ?? false),
      IPv6: String(network.EnableIPv6),
      Internal: String(network.Internal),
      Label: (name: string) => network.Labels?.[name] ?? '',
      Labels: labelList(network.Labels),
      Name: network.Name,
      Scope: network.Scope,
    }),
  };
}
