import { inspectContainer } from '../../client/index.ts';
import type { PortMap } from '../../spec/index.ts';
import { between, type Command } from '../command.ts';
import { CliError } from '../errors.ts';
import { naturalOrder } from '../format/natural.ts';

export const port: Command = {
  usage: 'CONTAINER [PRIVATE_PORT[/PROTO]]',
  args: between(1, 2),
  examples: ['port web', 'port web 80', 'port dns 53/udp'],
  flags: [],
  async run(cli, [name = '', wanted]) {
    const ports = (await inspectContainer(cli.client, name)).NetworkSettings.Ports ?? {};
    if (wanted === undefined) {
      for (const line of allPorts(ports)) cli.out.line(line);
      return 0;
    }
    const [number = '', protocol = 'tcp'] = wanted.split('/');
    checkPort(number);
    const bindings = ports[`${number}/${protocol}`];
    if (bindings === undefined || bindings === null)
      throw new CliError(1, `Error: No public port '${wanted}' published for ${name}`);
    for (const { HostIp: ip = '', HostPort: hostPort = '' } of bindings) cli.out.line(joined(ip, hostPort));
    return 0;
  },
};

function allPorts(ports: PortMap): string[] {
  const lines = Object.entries(ports).flatMap(([inside, bindings]) =>
    (bindings ?? []).map(({ HostIp: ip = '', HostPort: hostPort = '' }) => `${inside} -> ${joined(ip, hostPort)}`),
  );
  return lines.sort(naturalOrder);
}

function joined(ip: string, portNumber: string): string {
  return ip.includes(':') ? `[${ip}]:${portNumber}` : `${ip}:${portNumber}`;
}

function checkPort(text: string): void {
  const why = !/^\d+$/.test(text) ? 'invalid syntax' : Number(text) > 65535 ? 'value out of range' : undefined;
  if (why !== undefined)
    throw new CliError(1, `Error: invalid port (${text}): strconv.ParseUint: parsing ${JSON.stringify(text)}: ${why}`);
}
