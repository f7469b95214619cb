import { EngineError } from '../../../base/errors.ts';
import {
  byBytes,
  findVariables,
  imageOf,
  isMapping,
  OutputMap,
  type Project,
  type Service,
  serviceHash,
  type UsedVariable,
  writeJson,
  writeYaml,
} from '../../../compose/index.ts';
import { CliError } from '../../errors.ts';
import type { Flags } from '../../flags/parse.ts';
import { alignColumns } from '../../format/tabwriter.ts';
import type { ComposeCall } from '../compose-command.ts';
import { loadRaw, loadServices, openProject } from '../load-request.ts';
import { stepsOf } from './steps.ts';

type Print = (call: ComposeCall, flags: Flags, services: readonly string[]) => Promise<void>;

/** One fact of a project instead of the whole. Of several flags the first in this list counts. */
export const listings: readonly { readonly flag: string; readonly print: Print }[] = [
  { flag: 'services', print: printServices },
  { flag: 'volumes', print: names(({ volumes }) => volumes.keys()) },
  { flag: 'networks', print: names(({ networks }) => networks.keys()) },
  { flag: 'models', print: names(({ models }) => [...models.values()].flatMap(({ model }) => (model ? [model] : []))) },
  { flag: 'hash', print: printHashes },
  { flag: 'profiles', print: printProfiles },
  { flag: 'images', print: printImages },
  { flag: 'variables', print: printVariables },
  { flag: 'environment', print: printEnvironment },
];

async function load(call: ComposeCall, flags: Flags, services: readonly string[] = []): Promise<Project> {
  const opened = await openProject(call, { ...stepsOf(call, flags), resolvesEnvironment: false });
  return loadServices(call, opened, services);
}

function printLines(call: ComposeCall, lines: Iterable<string>): void {
  call.world.out.write([...lines].map((line) => `${line}\n`).join(''));
}

function sorted(given: Iterable<string>): string[] {
  return [...given].sort(byBytes);
}

function names(of: (project: Project) => Iterable<string>): Print {
  return async (call, flags) => printLines(call, sorted(of(await load(call, flags))));
}

/** Prints each service after those on which it depends. */
async function printServices(call: ComposeCall, flags: Flags): Promise<void> {
  if (flags.bool('no-interpolate')) {
    const { mapping } = await loadRaw(await openProject(call, stepsOf(call, flags)));
    const services = mapping.get('services');
    return printLines(call, isMapping(services) ? sorted(services.keys()) : []);
  }
  const { services } = await load(call, flags);
  const ordered = new Set<string>();
  const visit = (name: string, isRequired: boolean, chain: readonly string[]): void => {
    if (ordered.has(name) || chain.includes(name)) return;
    const service = services.get(name);
    if (service === undefined && isRequired) throw new EngineError('notFound', `no such service: ${name}`);
    if (service === undefined) return;
    for (const [dependency, entry] of service.depends_on ?? [])
      visit(dependency, entry?.required ?? true, [...chain, name]);
    ordered.add(name);
  };
  for (const name of sorted(services.keys())) visit(name, true, []);
  printLines(call, ordered);
}

async function printHashes(call: ComposeCall, flags: Flags): Promise<void> {
  const project = await load(call, flags);
  const asked = flags.string('hash');
  const wanted = asked === '*' ? project.services.keys() : asked.split(',');
  const lines = sorted(wanted).map((name) => {
    const service = project.services.get(name);
    if (service === undefined)
      throw new EngineError(
        'notFound',
        `no such service: ${name}: ${project.disabledServices.has(name) ? 'disabled' : 'not found'}`,
      );
    return `${name} ${serviceHash(withPlatform(service, project))}`;
  });
  printLines(call, lines);
}

/** A service that is built has the platform of DOCKER_DEFAULT_PLATFORM when it names none. */
function withPlatform(service: Service, project: Project): Service {
  const platform = project.environment.get('DOCKER_DEFAULT_PLATFORM') ?? '';
  if (service.build === undefined || platform === '' || service.platform) return service;
  const platforms = service.build.platforms ?? [];
  if (platforms.length > 0 && !platforms.includes(platform))
    throw new EngineError(
      'invalid',
      `service ${JSON.stringify(service.name)} build.platforms does not support value set by DOCKER_DEFAULT_PLATFORM: ${platform}`,
    );
  return { ...service, platform };
}

async function printProfiles(call: ComposeCall, flags: Flags, services: readonly string[]): Promise<void> {
  const project = await load(call, flags, services);
  const all = [...project.services.values(), ...project.disabledServices.values()];
  printLines(call, sorted(new Set(all.flatMap(({ profiles = [] }) => profiles))));
}

async function printImages(call: ComposeCall, flags: Flags, services: readonly string[]): Promise<void> {
  const project = await load(call, flags, services);
  printLines(call, sorted([...project.services.values()].map((service) => imageOf(project, service))));
}

async function printEnvironment(call: ComposeCall, flags: Flags, services: readonly string[]): Promise<void> {
  const opened = await openProject(call, stepsOf(call, flags));
  const { environment } = await loadServices(call, opened, services);
  if (!flags.bool('quiet')) printLines(call, sorted([...environment].map(([name, value]) => `${name}=${value}`)));
}

async function printVariables(call: ComposeCall, flags: Flags): Promise<void> {
  const { mapping } = await loadRaw(await openProject(call, { ...stepsOf(call, flags), interpolates: false }));
  const found = [...findVariables(mapping).values()].sort((a, b) => byBytes(a.name, b.name));
  const format = flags.string('format').toLowerCase();
  if (flags.string('format') === 'yaml') {
    if (!flags.bool('quiet'))
      call.world.out.write(
        writeYaml(
          table(found, (name) => name.toLowerCase()),
          4,
        ),
      );
  } else if (format === 'json')
    call.world.out.write(
      `${writeJson(
        table(found, (name) => name),
        '    ',
      )}\n\n`,
    );
  else if (format === '' || format === 'table' || format === 'pretty') call.world.out.write(columns(found));
  else
    throw new CliError(1, `format value ${JSON.stringify(flags.string('format'))} could not be parsed: parsing failed`);
}

function table(variables: readonly UsedVariable[], key: (name: string) => string): OutputMap {
  return new OutputMap(
    variables.map(({ name, defaultValue, alternateValue, required }) => [
      name,
      new OutputMap([
        [key('Name'), name],
        [key('DefaultValue'), defaultValue],
        [key('PresenceValue'), alternateValue],
        [key('Required'), required],
      ]),
    ]),
  );
}

function columns(variables: readonly UsedVariable[]): string {
  const rows = variables.map((each) => [each.name, String(each.required), each.defaultValue, each.alternateValue]);
  const lines = [['NAME', 'REQUIRED', 'DEFAULT VALUE', 'ALTERNATE VALUE'], ...rows];
  return alignColumns(lines.map((line) => `${line.join('\t')}\n`).join(''), 20, 3);
}
