import { randomBytes } from 'node:crypto';
import { messageOf } from '../../base/errors.ts';
import { createContainer, startContainer } from '../../client/index.ts';
import {
  containerBody,
  dependenciesOf,
  imageOf,
  observe,
  type Project,
  readShortPort,
  readShortVolume,
  resolveReferences,
  type Service,
  seccompProfile,
  serviceHash,
  shellWords,
  withDependencies,
  writeCopiedFiles,
} from '../../compose/index.ts';
import { atLeast } from '../command.ts';
import { readEnvironment } from '../container/options/env-file.ts';
import { start } from '../container/start.ts';
import { CliError } from '../errors.ts';
import { flag } from '../flags/flag.ts';
import type { Flags } from '../flags/parse.ts';
import { checkPull } from './bring-images.ts';
import { bringUp } from './bring-up.ts';
import { isDryRun, noDryOutput, showDry } from './changing.ts';
import type { ComposeCall, ComposeCommand } from './compose-command.ts';
import { confirmRemote } from './confirm-remote.ts';
import { delegate } from './delegate.ts';
import { checkServices, projectOf } from './select-project.ts';

export const run: ComposeCommand = {
  usage: '[OPTIONS] SERVICE [COMMAND] [ARGS...]',
  args: atLeast(1),
  interspersed: false,
  flags: [
    flag('--build', 'bool', 'Build the image before the container is created'),
    flag('--cap-add', 'list', 'Add Linux capabilities'),
    flag('--cap-drop', 'list', 'Drop Linux capabilities'),
    flag('-d, --detach', 'bool', 'Leave the container running in the background, and print its ID'),
    flag('--entrypoint', 'string', 'Override the entrypoint of the image'),
    flag('-e, --env', 'list', 'Set an environment variable'),
    flag('--env-from-file', 'list', 'Read environment variables from a file'),
    flag('-i, --interactive', 'bool', 'Keep standard input open', { default: 'true' }),
    flag('-l, --label', 'list', 'Add or override a label'),
    flag('--name', 'string', 'Set the name of the container'),
    flag('--no-deps', 'bool', 'Do not start what the service depends on'),
    flag('-T, --no-tty', 'bool', 'Do not allocate a pseudo-TTY (default without a terminal)'),
    flag('-p, --publish', 'list', 'Publish a port'),
    flag('--pull', 'string', 'Set when the image is pulled ("always", "missing", "never", "policy")', {
      default: 'policy',
    }),
    flag('-q, --quiet', 'bool', 'Show nothing but the output of the command'),
    flag('--quiet-build', 'bool', 'Build without progress'),
    flag('--quiet-pull', 'bool', 'Pull without progress'),
    flag('--remove-orphans', 'bool', 'Remove containers of services that the Compose files do not have'),
    flag('--rm', 'bool', 'Remove the container when it has ended'),
    flag('-P, --service-ports', 'bool', "Publish the service's ports"),
    flag('-t, --tty', 'bool', '', { default: 'true', hidden: true }),
    flag('--use-aliases', 'bool', "Use the service's aliases in its networks"),
    flag('-u, --user', 'string', 'Set the user name or UID'),
    flag('-v, --volume', 'list', 'Mount a volume or a folder'),
    flag('-w, --workdir', 'string', 'Set the working directory inside the container'),
    flag('--force-recreate', 'bool', '', { hidden: true }),
    flag('--no-recreate', 'bool', '', { hidden: true }),
  ],
  examples: ['compose run --rm web sh', 'compose run -T --no-deps db psql -c "select 1"', 'compose run -d worker'],
  async run(call, [name = '', ...command], flags) {
    checkPull(flags);
    const { cli } = call.world;
    const asRead = await projectOf(call, [name]);
    checkServices(asRead, [name]);
    await confirmRemote(call, asRead, false);
    const whole = await bringDependencies(call, asRead, name, flags);
    const service = changedService(whole, name, { command, flags, folder: call.world.currentFolder });
    const project = { ...whole, services: new Map([...whole.services, [name, service]]) };
    if (isDryRun(call)) return await runDry(call, project, service, flags);
    const id = await createOneOff(call, project, service, flags);
    if (flags.bool('detach')) {
      await startContainer(cli.client, id);
      cli.out.line(id);
      return 0;
    }
    const hasInput = flags.bool('interactive') ? ['--interactive'] : [];
    return await delegate(cli, 'start', start, ['--attach', ...hasInput, id]);
  },
};

function changedService(
  project: Project,
  name: string,
  { command, flags, folder }: { readonly command: readonly string[]; readonly flags: Flags; readonly folder: string },
): Service {
  const { ports, restart: _r, deploy, container_name: _c, ...service } = project.services.get(name) ?? {};
  const { restart_policy: _p, ...deployment } = deploy ?? {};
  const entrypoint = flags.string('entrypoint');
  const published = flags.list('publish').flatMap(readShortPort);
  const own = flags.bool('service-ports') ? (ports ?? []) : [];
  const { command: _usual, ...withoutCommand } = service;
  return {
    ...(command.length > 0 || flags.changed('entrypoint') ? withoutCommand : service),
    ...(deploy === undefined ? {} : { deploy: deployment }),
    ...(command.length > 0 ? { command } : {}),
    ...(flags.changed('entrypoint') ? { entrypoint: wordsOf(entrypoint) } : {}),
    ...(own.length + published.length > 0 ? { ports: [...own, ...published] } : {}),
    environment: new Map([...(service.environment ?? []), ...environmentIn(flags)]),
    labels: new Map([...(service.labels ?? []), ...flags.list('label').map(pair)]),
    ...(flags.string('user') === '' ? {} : { user: flags.string('user') }),
    ...(flags.string('workdir') === '' ? {} : { working_dir: flags.string('workdir') }),
    ...lists(service, folder, flags),
  };
}

function lists(service: Service, folder: string, flags: Flags): Pick<Service, 'volumes' | 'cap_add' | 'cap_drop'> {
  const volumes = flags.list('volume').map((text) => readShortVolume(text, folder));
  const targets = new Set(volumes.map(({ target }) => target));
  const kept = (service.volumes ?? []).filter(({ target }) => !targets.has(target));
  const [adds, drops] = [flags.list('cap-add'), flags.list('cap-drop')];
  return {
    volumes: [...kept, ...volumes],
    ...(service.cap_add === undefined && adds.length === 0 ? {} : { cap_add: [...(service.cap_add ?? []), ...adds] }),
    ...(service.cap_drop === undefined && drops.length === 0
      ? {}
      : { cap_drop: [...(service.cap_drop ?? []), ...drops] }),
  };
}

/** @throws CliError */
function wordsOf(entrypoint: string): readonly string[] {
  const words = shellWords(entrypoint);
  if (words === undefined) throw new CliError(1, `--entrypoint: the quotes of ${entrypoint} do not match`);
  return words;
}

/** A variable without a value here removes that of the image. @throws CliError */
function environmentIn(flags: Flags): readonly (readonly [string, string | null])[] {
  try {
    return readEnvironment(flags.list('env-from-file'), flags.list('env'), process.env).map((text) => {
      const at = text.indexOf('=');
      return at < 0 ? [text, null] : [text.slice(0, at), text.slice(at + 1)];
    });
  } catch (error) {
    throw new CliError(1, messageOf(error), { cause: error });
  }
}

function pair(text: string): readonly [string, string] {
  const at = text.indexOf('=');
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

/** Brings up what the service needs, or its networks, volumes and image alone. Returns the project as {@link bringUp}. */
async function bringDependencies(call: ComposeCall, project: Project, name: string, flags: Flags): Promise<Project> {
  const needed = flags.bool('no-deps') ? [] : [...withDependencies(project, dependenciesOf(project, name))];
  return await bringUp(call, { project, names: needed, flags, services: new Set(needed) }, { starts: true });
}

async function runDry(call: ComposeCall, project: Project, service: Service, flags: Flags): Promise<number> {
  const { name } = oneOffName(project, service, flags);
  await showDry(call, project, { id: `Container ${name}`, doing: 'Starting', text: 'Started' });
  if (!flags.bool('detach')) throw noDryOutput('run');
  call.world.cli.out.line(name);
  return 0;
}

/** The name of the container, and the word in it that tells it from others. */
function oneOffName(
  project: Project,
  service: Service,
  flags: Flags,
): { readonly name: string; readonly slug: string } {
  const slug = randomBytes(6).toString('hex');
  const name = flags.string('name') || [project.name, service.name, 'run', slug].join(project.separator ?? '-');
  return { name, slug };
}

async function createOneOff(call: ComposeCall, project: Project, service: Service, flags: Flags): Promise<string> {
  const { cli } = call.world;
  const running = await observe(cli.client, project.name, [imageOf(project, service)]);
  const { service: resolved, references } = resolveReferences(service, (name) =>
    running.containers.filter((each) => each.service === name && !each.isOneOff),
  );
  const { name, slug } = oneOffName(project, service, flags);
  const isDetached = flags.bool('detach');
  const hasTerminal =
    !flags.bool('no-tty') && flags.bool('tty') && !isDetached && cli.stdinIsTerminal && cli.out.isTerminal;
  const body = containerBody(project, {
    ...{ service, references, name, number: 1, configHash: serviceHash(resolved) },
    ...(await seccompProfile(project, service)),
    imageId: running.images.get(imageOf(project, service))?.id,
    oneOff: {
      ...{ slug, hasTerminal, isRemoved: flags.bool('rm'), usesAliases: flags.bool('use-aliases') },
      hasInput: flags.bool('interactive'),
    },
  });
  const { Id } = await createContainer(cli.client, body, { name, platform: service.platform });
  await writeCopiedFiles(cli.client, { project, service }, Id);
  return Id;
}
