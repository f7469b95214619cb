import { imageOf, observe, type Plan, planUp, type RecreateReason, type ResourceChange } from '../../compose/index.ts';
import { atLeast } from '../command.ts';
import { CliError } from '../errors.ts';
import { flag } from '../flags/flag.ts';
import { HASHES } from './changing.ts';
import type { ComposeCommand } from './compose-command.ts';
import { checkServices, projectOf } from './select-project.ts';
import { withScales } from './up.ts';

export const plan: ComposeCommand = {
  usage: '[OPTIONS] [SERVICE...]',
  args: atLeast(0),
  flags: [
    flag('--force-recreate', 'bool', 'Plan for "up --force-recreate"'),
    flag('--format', 'string', 'Set the format of the output ("tree", "json")', { default: 'tree' }),
    flag('--remove-orphans', 'bool', 'Plan for "up --remove-orphans"'),
    flag('--scale', 'list', 'Set the number of containers of a service (SERVICE=NUMBER)'),
  ],
  examples: ['compose plan', 'compose plan --format json web'],
  details: 'Nothing is changed. The exit code is 0 whether "up" would change something or not.',
  async run(call, names, flags) {
    const format = flags.string('format');
    if (format !== 'tree' && format !== 'json')
      throw new CliError(1, `unknown format "${format}": choose "tree" or "json"`);
    const project = withScales(await projectOf(call, names), flags);
    checkServices(project, names);
    const images = [...project.services.values()].map((service) => imageOf(project, service));
    const running = await observe(call.world.cli.client, project.name, images);
    const services = new Set(project.services.keys());
    const policy = flags.bool('force-recreate') ? 'force' : 'diverged';
    const asked = new Set(names.length === 0 ? services : names);
    const made = planUp(project, running, { services, asked, policy, dependencyPolicy: 'diverged' }, HASHES);
    const shown = { ...made, orphans: flags.bool('remove-orphans') ? made.orphans : [] };
    const { out } = call.world.cli;
    if (format === 'json') out.line(JSON.stringify(plainPlan(project.name, shown), null, 2));
    else out.write(planTree(project.name, shown));
    return 0;
  },
};

interface Line {
  readonly text: string;
  readonly below?: readonly Line[];
}

function planTree(name: string, { networks, volumes, services, orphans }: Plan): string {
  const resource = (kind: string, { name: named, kind: change }: ResourceChange): Line => ({
    text: `${kind} ${named}: ${change === 'differs' ? 'keep, though its configuration differs' : change}`,
  });
  const lines: readonly Line[] = [
    ...networks.map((network) => resource('network', network)),
    ...volumes.map((volume) => resource('volume', volume)),
    ...services.map(({ service, containers, isRestarted }) => ({
      text: `service ${service}${isRestarted ? ': restarts with a dependency' : ''}`,
      below: containers.map((change) => ({ text: containerText(change) })),
    })),
    ...orphans.map(({ name: orphan }) => ({ text: `container ${orphan}: remove, no service has it` })),
  ];
  return `project ${name}\n${branches(lines, '')}`;
}

function branches(lines: readonly Line[], indent: string): string {
  return lines
    .map(({ text, below = [] }, index) => {
      const isLast = index === lines.length - 1;
      return `${indent}${isLast ? '└─' : '├─'} ${text}\n${branches(below, `${indent}${isLast ? '  ' : '│ '} `)}`;
    })
    .join('');
}

function containerText(change: Plan['services'][number]['containers'][number]): string {
  switch (change.kind) {
    case 'create':
      return `container ${change.name}: create`;
    case 'recreate':
      return `container ${change.existing.name}: recreate, ${reasonText(change.reason)}`;
    case 'remove':
      return `container ${change.existing.name}: remove`;
    case 'keep':
      return `container ${change.existing.name}: ${change.existing.state === 'running' ? 'keep' : 'start'}`;
  }
}

function reasonText(reason: RecreateReason): string {
  switch (reason.kind) {
    case 'forced':
      return 'as asked';
    case 'image':
      return 'its image is another one now';
    case 'configuration':
      return `its configuration has changed${reason.keys === undefined || reason.keys.length === 0 ? '' : `: ${reason.keys.join(', ')}`}`;
    case 'network':
      return `it is not connected to the network ${reason.name}`;
    case 'volume':
      return `the volume ${reason.name} is another one now`;
    case 'service':
      return `it shares something with the service ${reason.name}`;
  }
}

/** For programs. */
function plainPlan(name: string, { networks, volumes, services, orphans }: Plan) {
  const resource = ({ name: named, kind }: ResourceChange) => ({
    name: named,
    change: kind === 'differs' ? 'keep' : kind,
  });
  return {
    project: name,
    networks: networks.map(resource),
    volumes: volumes.map(resource),
    services: services.map(({ service, containers, isRestarted }) => ({
      name: service,
      restarts: isRestarted,
      containers: containers.map((change) => ({
        name: change.kind === 'create' ? change.name : change.existing.name,
        change: change.kind === 'keep' && change.existing.state !== 'running' ? 'start' : change.kind,
        ...(change.kind === 'recreate' ? { reason: change.reason } : {}),
      })),
    })),
    orphans: orphans.map(({ name: orphan }) => orphan),
  };
}
