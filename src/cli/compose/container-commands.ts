/** Commands on one container of a service, which run docker's command for it: attach, commit, export, port. */

import { inspectContainer } from '../../client/index.ts';
import { between, exactly } from '../command.ts';
import { attach as attachCommand } from '../container/attach.ts';
import { commit as commitCommand } from '../container/commit.ts';
import { exportCommand } from '../container/export.ts';
import { CliError } from '../errors.ts';
import { flag } from '../flags/flag.ts';
import { isDryRun, noDryOutput, showDry } from './changing.ts';
import type { ComposeCommand } from './compose-command.ts';
import { delegate, flagWords } from './delegate.ts';
import { oneContainer } from './select-project.ts';
import { INDEX } from './shared-flags.ts';

export const attach: ComposeCommand = {
  usage: '[OPTIONS] SERVICE',
  args: exactly(1),
  flags: [
    flag('--detach-keys', 'string', 'Override the key sequence that detaches from the container'),
    INDEX,
    flag('--no-stdin', 'bool', "Don't attach standard input"),
    flag('--sig-proxy', 'bool', 'Forward received signals to the process', { default: 'true' }),
  ],
  examples: ['compose attach shell'],
  async run(call, [service = ''], flags) {
    const { project, container } = await oneContainer(call, service, flags.int('index'));
    if (isDryRun(call)) {
      await showDry(call, project, { id: `Container ${container.name}`, text: 'Attach' });
      throw noDryOutput('attach');
    }
    return await delegate(call.world.cli, 'attach', attachCommand, [
      ...flagWords('detach-keys', flags.string('detach-keys')),
      `--no-stdin=${flags.bool('no-stdin')}`,
      `--sig-proxy=${flags.bool('sig-proxy')}`,
      container.id,
    ]);
  },
};

export const commit: ComposeCommand = {
  usage: '[OPTIONS] SERVICE [REPOSITORY[:TAG]]',
  args: between(1, 2),
  flags: [
    flag('-a, --author', 'string', 'Set the author (e.g. "Jane <jane@example.org>")'),
    flag('-c, --change', 'list', 'Apply a Dockerfile instruction to the image'),
    INDEX,
    flag('-m, --message', 'string', 'Set a message'),
    flag('-p, --pause', 'bool', 'Pause the container while its files are read', { default: 'true' }),
  ],
  examples: ['compose commit web web:debug'],
  async run(call, [service = '', ...name], flags) {
    const { project, container } = await oneContainer(call, service, flags.int('index'));
    if (isDryRun(call)) {
      const as = name.map((image) => ` as ${image}`).join('');
      const id = `Container ${container.name}`;
      await showDry(call, project, { id, doing: 'Committing', text: `Committed${as}` });
      return 0;
    }
    return await delegate(call.world.cli, 'commit', commitCommand, [
      ...flagWords('author', flags.string('author')),
      ...flags.list('change').flatMap((value) => flagWords('change', value)),
      ...flagWords('message', flags.string('message')),
      `--pause=${flags.bool('pause')}`,
      container.id,
      ...name,
    ]);
  },
};

export const exportFiles: ComposeCommand = {
  usage: '[OPTIONS] SERVICE',
  args: exactly(1),
  flags: [INDEX, flag('-o, --output', 'string', 'Write to this file instead of standard output')],
  examples: ['compose export -o web.tar web'],
  async run(call, [service = ''], flags) {
    const { project, container } = await oneContainer(call, service, flags.int('index'));
    if (isDryRun(call)) {
      const to = flags.string('output') || 'standard output';
      const id = `Container ${container.name}`;
      await showDry(call, project, { id, doing: 'Exporting', text: `Exported to ${to}` });
      return 0;
    }
    return await delegate(call.world.cli, 'export', exportCommand, [
      ...flagWords('output', flags.string('output')),
      container.id,
    ]);
  },
};

export const port: ComposeCommand = {
  usage: '[OPTIONS] SERVICE PRIVATE_PORT',
  args: exactly(2),
  flags: [INDEX, flag('--protocol', 'string', 'Choose the protocol ("tcp", "udp", "sctp")', { default: 'tcp' })],
  examples: ['compose port web 80', 'compose port --index 2 --protocol udp dns 53'],
  async run(call, [service = '', number = ''], flags) {
    if (!/^\d{1,5}$/.test(number)) throw new CliError(1, `invalid port: ${number}`);
    const { container } = await oneContainer(call, service, flags.int('index'));
    const { NetworkSettings } = await inspectContainer(call.world.cli.client, container.id);
    const key = `${number}/${flags.string('protocol')}`;
    const [binding] = NetworkSettings.Ports?.[key] ?? [];
    if (binding === undefined)
      throw new CliError(1, `no port ${key} for container ${container.name}: ${exposed(NetworkSettings.Ports)}`);
    const { HostIp = '', HostPort = '' } = binding;
    call.world.cli.out.line(HostIp.includes(':') ? `[${HostIp}]:${HostPort}` : `${HostIp}:${HostPort}`);
    return 0;
  },
};

function exposed(ports: Readonly<Record<string, unknown>> | null): string {
  return Object.entries(ports ?? {})
    .filter(([, bindings]) => bindings !== null)
    .map(([key]) => key)
    .join(', ');
}
