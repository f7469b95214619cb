import { EngineError } from '../../base/errors.ts';
import { pathSegment } from '../../client/index.ts';
import { atLeast, type Command } from '../command.ts';
import { CliError } from '../errors.ts';
import { flag } from '../flags/flag.ts';
import { printInspected } from '../inspect.ts';

/** Kinds of objects in the order they are looked for. */
const KINDS: Readonly<Record<string, (name: string) => string>> = {
  container: (name) => `/containers/${pathSegment(name)}/json`,
  image: (name) => `/images/${pathSegment(name)}/json`,
  network: (name) => `/networks/${pathSegment(name)}`,
  volume: (name) => `/volumes/${pathSegment(name)}`,
  service: (name) => `/services/${pathSegment(name)}`,
  task: (name) => `/tasks/${pathSegment(name)}`,
  node: (name) => `/nodes/${pathSegment(name)}`,
  plugin: (name) => `/plugins/${pathSegment(name)}/json`,
  secret: (name) => `/secrets/${pathSegment(name)}`,
  config: (name) => `/configs/${pathSegment(name)}`,
};

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
    if (flags.changed('type') && KINDS[type] === undefined) {
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
    const kinds = type === '' ? Object.keys(KINDS) : [type];
    const fetch = async (name: string): Promise<string> => {
      for (const kind of kinds) {
        try {
          const query = kind === 'container' && flags.bool('size') ? { size: true } : {};
          const response = await cli.client.request({ method: 'GET', path: KINDS[kind]?.(name) ?? '', query });
          return await response.text();
        } catch (error) {
          if (!meansAbsent(error) || type !== '') throw error;
        }
      }
      throw new EngineError('notFound', `Error: No such object: ${name}`);
    };
    return printInspected(cli, { names, format: flags.string('format'), fetch });
  },
};

/** Not there, or of a kind that this engine doesn't have or has switched off. */
function meansAbsent(error: unknown): boolean {
  if (!(error instanceof EngineError)) return false;
  return (
    error.kind === 'notFound' ||
    error.kind === 'notImplemented' ||
    /not a swarm manager|only available on|plugin is not supported|page not found/.test(error.message)
  );
}
