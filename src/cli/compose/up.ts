import { type Project, replicasOf, withOnlyServices } from '../../compose/index.ts';
import { atLeast } from '../command.ts';
import { CliError } from '../errors.ts';
import type { Flags } from '../flags/parse.ts';
import { checkPull } from './bring-images.ts';
import { bringUp, declared } from './bring-up.ts';
import { isDryRun } from './changing.ts';
import type { ComposeCall, ComposeCommand } from './compose-command.ts';
import { confirmRemote } from './confirm-remote.ts';
import { runAttached } from './run-attached.ts';
import { checkServices, projectOf } from './select-project.ts';
import { CREATE_FLAGS, UP_FLAGS } from './up-flags.ts';

export const up: ComposeCommand = {
  usage: '[OPTIONS] [SERVICE...]',
  args: atLeast(0),
  flags: UP_FLAGS,
  examples: ['compose up', 'compose up -d --build', 'compose up --wait db', 'compose up -d --scale worker=3'],
  async run(call, names, flags) {
    checkFlags(flags);
    const project = withScales(await selected(call, names, flags), flags);
    checkShown(project, flags);
    await confirmRemote(call, project, flags.bool('yes'));
    const detached = isDryRun(call) || flags.bool('detach') || flags.bool('wait') || flags.bool('no-start');
    if (detached) {
      await bringUp(call, { project, names, flags }, { starts: !flags.bool('no-start') });
      return 0;
    }
    return await runAttached(call, project, {
      names,
      flags,
      bring: (hooks) => bringUp(call, { project, names, flags }, hooks),
    });
  },
};

/** Creates containers, as `up` does, and does not start them. */
export const create: ComposeCommand = {
  usage: '[OPTIONS] [SERVICE...]',
  args: atLeast(0),
  flags: CREATE_FLAGS,
  examples: ['compose create', 'compose create --build web'],
  async run(call, names, flags) {
    checkFlags(flags);
    const project = withScales(await selected(call, names, flags), flags);
    await confirmRemote(call, project, flags.bool('yes'));
    await bringUp(call, { project, names, flags }, { starts: false });
    return 0;
  },
};

async function selected(call: ComposeCall, names: readonly string[], flags: Flags): Promise<Project> {
  const project = await projectOf(call, names);
  checkServices(project, names);
  if (!declared(flags, 'no-deps') || names.length === 0) return project;
  const only = withOnlyServices(project, new Set(names));
  const services = [...only.services].map(([name, { depends_on: _, ...alone }]) => [name, alone] as const);
  return { ...only, services: new Map(services) };
}

/** Takes `--scale` into the project. @throws CliError */
export function withScales(project: Project, flags: Flags): Project {
  const services = new Map(project.services);
  for (const text of flags.list('scale')) {
    const [name = '', count = ''] = text.split('=');
    const service = services.get(name);
    if (!/^\d+$/.test(count)) throw new CliError(1, `invalid --scale option "${text}". Should be SERVICE=NUM`);
    if (service === undefined) throw new CliError(1, `no such service: ${name}`);
    services.set(name, { ...service, scale: Number(count) });
  }
  for (const service of services.values())
    if (replicasOf(service) < 0) throw new CliError(1, `invalid scale of service "${service.name}"`);
  return { ...project, services };
}

/** @throws CliError for services of `--attach` and `--exit-code-from` that are not brought up */
function checkShown(project: Project, flags: Flags): void {
  const from = flags.string('exit-code-from');
  if (from !== '' && !project.services.has(from)) throw new CliError(1, `no such service: ${from}`);
  const missing = flags.list('attach').filter((name) => !project.services.has(name));
  if (missing.length > 0)
    throw new CliError(1, `cannot attach to services not included in up: ${missing.sort().join(', ')}`);
}

interface Conflict {
  /** Flags of which one is given. */
  readonly one: string;
  readonly others: readonly string[];
  readonly message?: string;
}

const CONFLICTS: readonly Conflict[] = [
  { one: 'build', others: ['no-build'] },
  { one: 'force-recreate', others: ['no-recreate'] },
  { one: 'always-recreate-deps', others: ['no-recreate'] },
  { one: 'attach', others: ['attach-dependencies'], message: 'cannot combine --attach and --attach-dependencies' },
  {
    one: 'detach',
    others: ['abort-on-container-exit', 'abort-on-container-failure', 'attach', 'attach-dependencies', 'watch'],
    message:
      '--detach cannot be combined with --abort-on-container-exit, --abort-on-container-failure, --attach, --attach-dependencies or --watch',
  },
  {
    one: 'wait',
    others: ['abort-on-container-exit', 'abort-on-container-failure', 'attach', 'attach-dependencies'],
    message: '--wait cannot be combined with --abort-on-container-exit, --attach or --attach-dependencies',
  },
];

/** @throws CliError for flags that exclude each other */
function checkFlags(flags: Flags): void {
  const isGiven = (name: string): boolean => flags.declares(name) && flags.changed(name);
  for (const { one, others, message } of CONFLICTS) {
    const other = others.find(isGiven);
    if (isGiven(one) && other !== undefined)
      throw new CliError(1, message ?? `--${one} and --${other} are incompatible`);
  }
  checkPull(flags);
}
