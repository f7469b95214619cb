/** Commands that change the state of containers: start, stop, restart, kill, pause, unpause, rm. */

import { killContainer, pauseContainer, unpauseContainer } from '../../client/index.ts';
import {
  dependenciesOf,
  dependentsOf,
  forAll,
  inOrder,
  isRunning,
  removeContainers,
  reporting,
  restartServices,
  StateWatch,
  startServices,
  stopContainers,
  waitUntilReady,
  withDependents,
} from '../../compose/index.ts';
import { atLeast } from '../command.ts';
import { CliError } from '../errors.ts';
import { flag } from '../flags/flag.ts';
import { confirm } from '../prompt.ts';
import { changing } from './changing.ts';
import type { ComposeCommand } from './compose-command.ts';
import { checkServices, containersOf, projectOrName } from './select-project.ts';
import { byService, TIMEOUT, timeoutOf, WAIT_TIMEOUT } from './shared-flags.ts';

const SERVICES = { usage: '[OPTIONS] [SERVICE...]', args: atLeast(0) } as const;

export const stop: ComposeCommand = {
  ...SERVICES,
  flags: [TIMEOUT],
  examples: ['compose stop', 'compose stop -t 30 db'],
  async run(call, names, flags) {
    const project = await projectOrName(call);
    const running = (await containersOf(call, project, names)).filter(isRunning);
    const services = byService(running);
    await changing(call, { project }, (context) =>
      inOrder(
        services.keys(),
        (name) => dependentsOf(project, name),
        (name) => stopContainers(context, services.get(name) ?? [], { timeoutSeconds: timeoutOf(flags) }),
      ),
    );
    return 0;
  },
};

export const start: ComposeCommand = {
  ...SERVICES,
  flags: [
    flag('--wait', 'bool', 'Wait until the services run, or are healthy where they have a health check'),
    WAIT_TIMEOUT,
  ],
  examples: ['compose start', 'compose start --wait db'],
  async run(call, names, flags) {
    const project = await projectOrName(call);
    const containers = await containersOf(call, project, names);
    if (containers.length === 0) throw new CliError(1, `no container found for project "${project.name}": not found`);
    for (const name of names)
      if (!containers.some(({ service }) => service === name))
        throw new CliError(1, `service "${name}" has no container to start`);
    const made = byService(containers.map((container) => ({ ...container, isRunning: isRunning(container) })));
    await changing(call, { project }, async (context) => {
      using watch = new StateWatch(context.engine, project.name);
      await startServices(context, made, watch);
      if (!flags.bool('wait')) return;
      await waitUntilReady(context, made, { seconds: flags.int('wait-timeout'), watch });
    });
    return 0;
  },
};

export const restart: ComposeCommand = {
  ...SERVICES,
  flags: [flag('--no-deps', 'bool', 'Do not restart services that depend on these with "restart: true"'), TIMEOUT],
  examples: ['compose restart', 'compose restart --no-deps db'],
  async run(call, names, flags) {
    const project = await projectOrName(call);
    const containers = await containersOf(call, project, []);
    checkServices(project, names);
    const asked = names.length === 0 ? [...project.services.keys()] : names;
    const restartsWith: Parameters<typeof withDependents>[2] = (service, needed) =>
      service.depends_on?.get(needed)?.restart === true;
    const withOthers = flags.bool('no-deps') ? new Set(asked) : withDependents(project, asked, restartsWith);
    const chosen = byService(containers.filter(({ service }) => withOthers.has(service)));
    await changing(call, { project }, (context) =>
      inOrder(
        chosen.keys(),
        (name) => dependenciesOf(project, name),
        (name) => restartServices(context, chosen.get(name) ?? [], { timeoutSeconds: timeoutOf(flags) }),
      ),
    );
    return 0;
  },
};

export const kill: ComposeCommand = {
  ...SERVICES,
  flags: [
    flag('--remove-orphans', 'bool', 'Remove containers of services that the Compose files do not have'),
    flag('-s, --signal', 'string', 'Set the signal to send', { default: 'SIGKILL' }),
  ],
  examples: ['compose kill', 'compose kill -s HUP web'],
  async run(call, names, flags) {
    const project = await projectOrName(call);
    const running = (await containersOf(call, project, names)).filter(isRunning);
    if (running.length === 0) call.world.err.line('no container to kill');
    await changing(call, { project }, (context) =>
      forAll(running, async ({ id, name }) => {
        await reporting(context.report, { id: `Container ${name}`, doing: 'Killing', done: 'Killed' }, () =>
          killContainer(context.engine, id, flags.string('signal')),
        );
      }),
    );
    return 0;
  },
};

export const pause = stateCommand({
  ...{ examples: ['compose pause', 'compose pause worker'], states: ['running'], done: 'Paused' },
  change: pauseContainer,
});

export const unpause = stateCommand({
  ...{ examples: ['compose unpause', 'compose unpause worker'], states: ['paused'], done: 'Unpaused' },
  change: unpauseContainer,
});

function stateCommand(of: {
  readonly examples: readonly string[];
  readonly states: readonly string[];
  readonly done: string;
  readonly change: typeof pauseContainer;
}): ComposeCommand {
  return {
    ...{ usage: '[SERVICE...]', args: atLeast(0), flags: [], examples: of.examples },
    async run(call, names) {
      const project = await projectOrName(call);
      const chosen = (await containersOf(call, project, names)).filter(({ state }) => of.states.includes(state));
      await changing(call, { project }, (context) =>
        forAll(chosen, async ({ id, name }) => {
          await of.change(context.engine, id);
          context.report({ id: `Container ${name}`, text: of.done, status: 'done' });
        }),
      );
      return 0;
    },
  };
}

export const rm: ComposeCommand = {
  ...SERVICES,
  flags: [
    flag('-a, --all', 'bool', '', { hidden: true }),
    flag('-f, --force', 'bool', 'Do not ask for confirmation'),
    flag('-s, --stop', 'bool', 'Stop the containers before they are removed'),
    flag('-v, --volumes', 'bool', 'Remove anonymous volumes of the containers'),
  ],
  examples: ['compose rm', 'compose rm -sfv worker'],
  async run(call, names, flags) {
    const project = await projectOrName(call);
    const containers = await containersOf(call, project, names);
    const chosen = containers.filter((container) => flags.bool('stop') || !isRunning(container));
    if (chosen.length === 0) {
      call.world.cli.err.line('No stopped containers');
      return 0;
    }
    const going = `Going to remove ${chosen.map(({ name }) => name).join(', ')}`;
    if (flags.bool('force')) call.world.cli.out.line(going);
    else await confirm(call.world.cli, going);
    await changing(call, { project }, (context) =>
      removeContainers(context, chosen, { timeoutSeconds: undefined, removesVolumes: flags.bool('volumes') }),
    );
    return 0;
  },
};
