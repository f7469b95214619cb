import {
  checkContainerNames,
  type Format,
  type Project,
  placed,
  withEnvironments,
  writeMapping,
  writeProject,
} from '../../../compose/index.ts';
import { CliError } from '../../errors.ts';
import { flag } from '../../flags/flag.ts';
import type { Flags } from '../../flags/parse.ts';
import type { ComposeCall, ComposeCommand } from '../compose-command.ts';
import { loadRaw, loadServices, openProject } from '../load-request.ts';
import { imagesOnly, mappingImagesOnly, withDigests, withMappingDigests } from './image-digests.ts';
import { listings } from './listings.ts';
import { stepsOf } from './steps.ts';

export const config: ComposeCommand = {
  usage: '[OPTIONS] [SERVICE...]',
  args: { min: 0, max: Number.POSITIVE_INFINITY },
  examples: [
    'compose config',
    'compose -f compose.yaml -f compose.test.yaml config --format json',
    "compose config --hash '*'",
  ],
  flags: [
    flag('--environment', 'bool', 'Print the variables for interpolation'),
    flag('--format', 'string', 'Set the format of the output ("yaml", "json")'),
    flag('--hash', 'string', 'Print the hashes of these services ("*" for all)'),
    flag('--images', 'bool', 'Print the names of the images'),
    flag('--lock-image-digests', 'bool', 'Print an override file with the digests of the images'),
    flag('--models', 'bool', 'Print the names of the models'),
    flag('--networks', 'bool', 'Print the names of the networks'),
    flag('--no-consistency', 'bool', 'Do not check the parts of the project against each other'),
    flag('--no-env-resolution', 'bool', 'Do not read the files of variables of services'),
    flag('--no-interpolate', 'bool', 'Do not replace variables'),
    flag('--no-normalize', 'bool', 'Do not add what the project implies'),
    flag('--no-path-resolution', 'bool', 'Do not make paths absolute'),
    flag('-o, --output', 'string', 'Write to this file instead of standard output'),
    flag('--profiles', 'bool', 'Print the names of the profiles'),
    flag('-q, --quiet', 'bool', 'Only check the project'),
    flag('--resolve-image-digests', 'bool', 'Replace tags of images by digests'),
    flag('--services', 'bool', 'Print the names of the services'),
    flag('--variables', 'bool', 'Print the variables of the project and their defaults'),
    flag('--volumes', 'bool', 'Print the names of the volumes'),
  ],
  async run(call, services, flags) {
    const listing = listings.find(({ flag: name }) => (name === 'hash' ? flags.string(name) !== '' : flags.bool(name)));
    if (listing !== undefined) {
      await listing.print(call, flags, services);
      return 0;
    }
    const text = flags.bool('no-interpolate')
      ? await rawConfig(call, flags)
      : (await projectConfig(call, flags, services)).replaceAll('$', '$$$$');
    if (flags.bool('quiet')) return 0;
    const output = flags.string('output');
    if (output === '') call.world.out.write(text);
    else call.world.writeFile(output, text);
    return 0;
  },
};

function formatOf(flags: Flags): Format {
  const format = flags.string('format') || 'yaml';
  if (format === 'yaml' || format === 'json') return format;
  throw new CliError(1, `unsupported format ${JSON.stringify(format)}`);
}

async function rawConfig(call: ComposeCall, flags: Flags): Promise<string> {
  const opened = await openProject(call, stepsOf(call, flags));
  let { mapping } = await loadRaw(opened);
  if (resolvesDigests(flags)) mapping = await withMappingDigests(call.world.cli, mapping);
  return writeMapping(flags.bool('lock-image-digests') ? mappingImagesOnly(mapping) : mapping, formatOf(flags));
}

async function projectConfig(call: ComposeCall, flags: Flags, services: readonly string[]): Promise<string> {
  const opened = await openProject(call, stepsOf(call, flags));
  let project: Project = await loadServices(call, opened, services);
  if (resolvesDigests(flags)) project = await withDigests(call.world.cli, project);
  try {
    if (!flags.bool('no-env-resolution')) project = withEnvironments(project, opened.loading);
    if (!flags.bool('no-consistency')) checkContainerNames(project);
  } catch (error) {
    throw placed(opened.loading.sources, error);
  }
  return writeProject(flags.bool('lock-image-digests') ? imagesOnly(project) : project, formatOf(flags));
}

function resolvesDigests(flags: Flags): boolean {
  return flags.bool('resolve-image-digests') || flags.bool('lock-image-digests');
}
