import { messageOf } from '../../base/errors.ts';
import { connectNetwork } from '../../client/index.ts';
import type { EndpointSettings } from '../../spec/index.ts';
import { type Command, exactly } from '../command.ts';
import { checkLink } from '../container/options/checks.ts';
import { keyValues } from '../container/options/create-body.ts';
import { CliError } from '../errors.ts';
import { flag } from '../flags/flag.ts';
import { splitSlices } from '../flags/slices.ts';

export const connect: Command = {
  usage: '[OPTIONS] NETWORK CONTAINER',
  args: exactly(2),
  examples: ['network connect backend web', 'network connect --ip 10.5.0.9 --alias db backend postgres'],
  flags: [
    flag('--alias', 'stringSlice', 'Add a network-scoped alias for the container'),
    flag('--driver-opt', 'stringSlice', 'Set an option of the network driver'),
    flag(
      '--gw-priority',
      'int',
      'Set the gateway priority; the network with the highest value provides the default gateway',
    ),
    flag('--ip', 'ip', 'Set the IPv4 address (172.30.100.104)'),
    flag('--ip6', 'ip', 'Set the IPv6 address (2001:db8::33)'),
    flag('--link', 'list', 'Add a link to another container', { check: checkLink }),
    flag('--link-local-ip', 'ipSlice', 'Add a link-local address'),
  ],
  async run(cli, [network = '', container = ''], flags) {
    const [ipv4, ipv6, linkLocal] = [flags.string('ip'), flags.string('ip6'), splitSlices(flags.list('link-local-ip'))];
    const options = splitSlices(flags.list('driver-opt'));
    if (options.some((each) => !each.includes('=')))
      throw new CliError(1, 'invalid key/value pair format in driver options');
    const endpoint: EndpointSettings = {
      IPAMConfig: {
        ...(ipv4 === '' ? {} : { IPv4Address: ipv4 }),
        ...(ipv6 === '' ? {} : { IPv6Address: ipv6 }),
        ...(linkLocal.length === 0 ? {} : { LinkLocalIPs: linkLocal }),
      },
      Links: flags.list('link'),
      Aliases: splitSlices(flags.list('alias')),
      ...(options.length === 0 ? {} : { DriverOpts: keyValues(options) }),
      GwPriority: flags.int('gw-priority'),
    };
    try {
      await connectNetwork(cli.client, network, { container, endpoint });
    } catch (error) {
      throw new CliError(1, messageOf(error), { cause: error });
    }
    return 0;
  },
};
