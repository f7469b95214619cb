import { EngineError } from '../../base/errors.ts';
import {
  type ClusterObject,
  inspectClusterObjectText,
  inspectContainerText,
  inspectImageText,
  inspectNetworkText,
  inspectVolumeText,
} from '../../client/index.ts';
import type { Cli } from '../cli.ts';
import { atLeast, type Command } from '../command.ts';
import { CliError } from '../errors.ts';
import { flag } from '../flags/flag.ts';
import { printInspected } from '../inspect.ts';

type Fetch = (cli: Cli, name: string, options: { readonly size: boolean }) => Promise<string>;

const ofCluster =
  (kind: ClusterObject): Fetch =>
  (cli, name) =>
    inspectClusterObjectText(cli.client, kind, name);

/** Kinds of objects in the order in which they are tried. */
const KINDS: ReadonlyMap<string, Fetch> = new Map<string, Fetch>([
  ['container', (cli, name, options) => inspectContainerText(cli.client, name, options)],
  ['image', (cli, name) => inspectImageText(cli.client, name)],
  ['network', (cli, name) => inspectNetworkText(cli.client, name, { verbose: false })],
  ['volume', (cli, name) => inspectVolumeText(cli.client, name)],
  ['service', ofCluster('service')],
  ['task', ofCluster('task')],
  ['node', ofCluster('node')],
  ['plugin', ofCluster('plugin')],
  ['secret', ofCluster('secret')],
  ['config', ofCluster('config')],
]);

export const inspect: Command = {
  usage: '[OPTIONS] NAME|ID [NAME|ID...]',
  args: atLeast(1),
  examples: ['inspect web', "inspect -f '{{.NetworkSettings.IPAddress}}' web", 'inspect --type image busybox'],
  flags: [
    flag('-f, --format', 'string', "Format output: 'json' or a Go template"),
    flag('-s, --size', 'bool', 'Display total file sizes of containers'),
    flag('--type', 'string', 'Only inspect objects of the given type'),
  ],
  async run(cli, names, flags) {
    const type = flags.string('type');
    if (flags.changed('type') && !KINDS.has(type)) {
      throw new CliError(
        1,
        type === ''
          ? 'type is empty: must be one of "config", "container", "image", "network", "node", "plugin", "secret", "service", "task", "volume"'
          : `unknown type: ${JSON.stringify(type)}: must be one of "config", "container", "image", "network", "node", "plugin", "secret", "service", "task", "volume"`,
      );
    }
    if (flags.bool('size') && type !== '' && type !== 'container') {
      cli.err.line(`WARNING: --size ignored for ${type}`);
    }
    const kinds = [...KINDS].flatMap(([kind, look]) => (type === '' || kind === type ? [look] : []));
    const fetch = async (name: string): Promise<string> => {
      for (const look of kinds) {
        try {
          return await look(cli, name, { size: flags.bool('size') });
        } catch (error) {
          if (!meansAbsent(error) || type !== '') throw error;
        }
      }
      throw new EngineError('notFound', `Error: No such object: ${name}`);
    };
    return printInspected(cli, { names, format: flags.string('format'), fetch });
  },
};

/** Whether the object does not exist, or the engine lacks its kind. */
function meansAbsent(error: unknown): boolean {
  if (!(error instanceof EngineError)) return false;
  return (
    error.kind === 'notFound' ||
    error.kind === 'notImplemented' ||
    /not a swarm manager|only available on|plugin is not supported|page not found/.test(error.message)
  );
}
