/** Commands on running projects: cp, events, scale, stats, version, wait. */

import { lstatSync } from 'node:fs';
import { EngineError } from '../../base/errors.ts';
import { type ContainerPath, statContainerPath, waitContainer, watchEvents } from '../../client/index.ts';
import { COMPOSE_VERSION, LABEL } from '../../compose/index.ts';
import { atLeast, exactly, NO_ARGS } from '../command.ts';
import { cp as cpCommand } from '../container/cp.ts';
import { stats as statsCommand } from '../container/stats.ts';
import { CliError } from '../errors.ts';
import { flag } from '../flags/flag.ts';
import { parseFlags } from '../flags/parse.ts';
import { apiTimestamp } from '../format/timestamp.ts';
import { versionLine } from '../system/version.ts';
import { bringUp } from './bring-up.ts';
import { isDryRun, showDry } from './changing.ts';
import type { ComposeCall, ComposeCommand } from './compose-command.ts';
import { delegate, flagWords } from './delegate.ts';
import { down } from './down.ts';
import { checkServices, containersOf, projectOf, projectOrName } from './select-project.ts';
import { INDEX } from './shared-flags.ts';
import { withScales } from './up.ts';
import { CREATE_FLAGS } from './up-flags.ts';

export const scale: ComposeCommand = {
  usage: '[SERVICE=REPLICAS...]',
  args: atLeast(1),
  flags: [flag('--no-deps', 'bool', 'Do not start what the services depend on')],
  examples: ['compose scale worker=3', 'compose scale --no-deps web=2 worker=0'],
  async run(call, words, flags) {
    const { flags: scaled } = parseFlags(
      CREATE_FLAGS,
      words.map((word) => `--scale=${word}`),
      { interspersed: true },
    );
    const names = words.map((word) => word.split('=')[0] ?? '');
    const project = withScales(await projectOf(call, names), scaled);
    const services = flags.bool('no-deps') ? new Set(names) : new Set(project.services.keys());
    await bringUp(call, { project, names, flags: scaled, services }, { starts: true });
    return 0;
  },
};

export const cp: ComposeCommand = {
  usage: '[OPTIONS] SERVICE:SRC_PATH DEST_PATH|-\n\tgantry compose cp [OPTIONS] SRC_PATH|- SERVICE:DEST_PATH',
  args: exactly(2),
  flags: [
    flag('--all', 'bool', 'Copy into all containers of the service, those of "compose run" too'),
    flag('-a, --archive', 'bool', 'Copy all UID and GID information (archive mode)'),
    flag('-L, --follow-link', 'bool', 'Follow symbolic links in SRC_PATH'),
    INDEX,
  ],
  examples: ['compose cp web:/etc/nginx/nginx.conf .', 'compose cp site/. web:/srv'],
  async run(call, [source = '', target = ''], flags) {
    const from = serviceIn(source);
    const to = serviceIn(target);
    const name = from ?? to;
    if (from !== undefined && to !== undefined) throw new CliError(1, 'copying between services is not supported');
    if (name === undefined)
      throw new CliError(1, 'unknown copy direction: one of the paths begins with the name of a service');
    const index = flags.int('index');
    const project = await projectOrName(call);
    const found = await containersOf(call, project, [name]);
    const numbered = found.filter(({ number }) => index === 0 || number === index);
    const chosen = from === undefined && index === 0 ? numbered : numbered.slice(0, 1);
    if (chosen.length === 0) throw new CliError(1, `no container found for service "${name}"`);
    for (const { id, name: container } of chosen) {
      const place = (path: string): string =>
        serviceIn(path) === undefined ? path : `${id}${path.slice(name.length)}`;
      if (isDryRun(call)) {
        await checkSource(
          call,
          source,
          from === undefined ? undefined : { container: id, path: source.slice(name.length + 1) },
        );
        const shown = (path: string): string =>
          serviceIn(path) === undefined ? path : `${container}${path.slice(name.length)}`;
        await showDry(call, project, {
          id: `Container ${container}`,
          doing: 'Copying',
          text: `Copied ${shown(source)} to ${shown(target)}`,
        });
        continue;
      }
      const words = [`--archive=${flags.bool('archive')}`, `--follow-link=${flags.bool('follow-link')}`];
      await delegate(call.world.cli, 'cp', cpCommand, [...words, '--', place(source), place(target)]);
    }
    return 0;
  },
};

/** @throws CliError, EngineError when there is nothing to copy */
async function checkSource(call: ComposeCall, source: string, inContainer: ContainerPath | undefined): Promise<void> {
  if (inContainer !== undefined) {
    try {
      await statContainerPath(call.world.cli.client, inContainer);
    } catch (error) {
      // The answer to HEAD has no text.
      if (!(error instanceof EngineError && error.kind === 'notFound')) throw error;
      throw new CliError(1, `${source}: no such file or directory`, { cause: error });
    }
  } else if (source !== '-' && lstatSync(source, { throwIfNoEntry: false }) === undefined)
    throw new CliError(1, `${source}: no such file or directory`);
}

function serviceIn(path: string): string | undefined {
  const colon = path.indexOf(':');
  return path.startsWith('/') || path.startsWith('.') || colon < 1 ? undefined : path.slice(0, colon);
}

export const stats: ComposeCommand = {
  usage: '[OPTIONS] [SERVICE]',
  args: atLeast(0),
  flags: [
    flag('-a, --all', 'bool', 'Show stopped containers too'),
    flag('--format', 'string', "Format output: 'table', 'table TEMPLATE', 'json' or a Go template"),
    flag('--no-stream', 'bool', 'Print the first result and exit'),
    flag('--no-trunc', 'bool', "Don't truncate output"),
  ],
  examples: ['compose stats', 'compose stats --no-stream web'],
  async run(call, names, flags) {
    const containers = await containersOf(call, await projectOrName(call), names);
    const shown = containers.filter(({ state }) => flags.bool('all') || state === 'running');
    if (shown.length === 0) return 0;
    const words = [`--no-stream=${flags.bool('no-stream')}`, `--no-trunc=${flags.bool('no-trunc')}`];
    return await delegate(call.world.cli, 'stats', statsCommand, [
      ...words,
      ...flagWords('format', flags.string('format')),
      ...shown.map(({ id }) => id),
    ]);
  },
};

export const wait: ComposeCommand = {
  usage: 'SERVICE [SERVICE...] [OPTIONS]',
  args: atLeast(1),
  flags: [flag('--down-project', 'bool', 'Remove the project when the first container has ended')],
  examples: ['compose wait job', 'compose wait --down-project tests'],
  async run(call, names, flags) {
    const { cli } = call.world;
    const containers = await containersOf(call, await projectOrName(call), names);
    if (containers.length === 0) throw new CliError(1, `no containers for project: ${names.join(', ')}`);
    const waiting = containers.map(async ({ id }) => {
      const { exitCode } = await waitContainer(cli.client, id, 'not-running');
      const code = await exitCode;
      cli.out.line(`container "${id}" exited with status code ${code}`);
      return code;
    });
    if (!flags.bool('down-project')) return (await Promise.all(waiting)).at(-1) ?? 0;
    const code = await Promise.race(waiting);
    const { flags: none } = parseFlags(down.flags, [], { interspersed: true });
    await down.run(call, [], none);
    return code;
  },
};

export const events: ComposeCommand = {
  usage: '[OPTIONS] [SERVICE...]',
  args: atLeast(0),
  flags: [
    flag('--json', 'bool', 'Print events as JSON objects'),
    flag('--since', 'string', 'Show events since a timestamp or a relative time'),
    flag('--until', 'string', 'Show events until a timestamp or a relative time'),
  ],
  examples: ['compose events', 'compose events --json web'],
  async run(call, names, flags) {
    const { cli } = call.world;
    const project = await projectOrName(call);
    checkServices(project, names);
    const filters = { type: ['container'], label: [`${LABEL.project}=${project.name}`] };
    const since = apiTimestamp(flags.string('since'), 'since');
    const until = apiTimestamp(flags.string('until'), 'until');
    for await (const { Type, Action, Actor, timeNano } of await watchEvents(cli.client, { since, until, filters })) {
      const { [LABEL.service]: service = '', [LABEL.oneOff]: oneOff } = Actor.Attributes;
      if (oneOff === 'True' || (names.length > 0 && !names.includes(service))) continue;
      const attributes = Object.entries(Actor.Attributes).filter(([key]) => !key.startsWith('com.docker.compose.'));
      const time = new Date(Number(BigInt(timeNano) / 1_000_000n));
      const fraction = String(BigInt(timeNano) % 1_000_000_000n).padStart(9, '0');
      if (flags.bool('json')) {
        const seconds = time.toISOString().slice(0, 19);
        const fields = { action: Action, attributes: Object.fromEntries(attributes), id: Actor.ID, service };
        cli.out.line(JSON.stringify({ ...fields, time: `${seconds}.${fraction}Z`, type: Type }));
        continue;
      }
      const shown = attributes
        .map(([key, value]) => `${key}=${value}`)
        .sort()
        .join(', ');
      cli.out.line(`${localTime(time)}.${fraction.slice(0, 6)} ${Type} ${Action} ${Actor.ID} (${shown})`);
    }
    return 0;
  },
};

/** `2026-11-30 18:02:34` in the zone of this machine. */
function localTime(time: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  return `${day} ${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
}

export const version: ComposeCommand = {
  usage: '[OPTIONS]',
  args: NO_ARGS,
  flags: [
    flag('-f, --format', 'string', 'Set the format of the output ("pretty", "json")'),
    flag('--short', 'bool', 'Only show the version'),
  ],
  examples: ['compose version', 'compose version --short'],
  async run(call, _args, flags) {
    const { out } = call.world.cli;
    if (flags.bool('short')) out.line(COMPOSE_VERSION);
    else if (flags.string('format') === 'json') out.line(JSON.stringify({ version: COMPOSE_VERSION }));
    else out.line(`Docker Compose version ${COMPOSE_VERSION} (of ${versionLine()})`);
    return 0;
  },
};
