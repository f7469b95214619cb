import {
  type ApplyContext,
  up as applyUp,
  imageOf,
  observe,
  type Project,
  planUp,
  type RecreatePolicy,
  refuseUnsupported,
  type ServiceContainer,
} from '../../compose/index.ts';
import type { Flags } from '../flags/parse.ts';
import { bringImages } from './bring-images.ts';
import { changing, HASHES } from './changing.ts';
import type { ComposeCall } from './compose-command.ts';
import { timeoutOf } from './shared-flags.ts';

export interface Asked {
  readonly project: Project;
  /** Services that were named. None stands for all. */
  readonly names: readonly string[];
  readonly flags: Flags;
  /** Services that get containers. All get their networks, volumes and images. Default: all. */
  readonly services?: ReadonlySet<string>;
}

export interface BringUp {
  readonly starts: boolean;
  /** Called with all containers before the first one starts. */
  readonly onCreated?: (containers: ReadonlyMap<string, readonly ServiceContainer[]>) => Promise<void>;
}

/** Makes a project run as its files say. @throws EngineError, CliError */
export async function bringUp(call: ComposeCall, given: Asked, { starts, onCreated }: BringUp): Promise<void> {
  const { project, names, flags, services = new Set(project.services.keys()) } = given;
  refuseUnsupported(project);
  const images = [...project.services.values()].map((service) => imageOf(project, service));
  const seen = await observe(call.world.cli.client, project.name, images);
  const running = { ...seen, images: await bringImages(call, { project, flags, images: seen.images }) };
  const asked = new Set(names.length === 0 ? services : names);
  const plan = planUp(
    project,
    running,
    {
      services,
      resources: new Set(project.services.keys()),
      asked,
      policy: policyOf(flags),
      dependencyPolicy: declared(flags, 'always-recreate-deps') ? 'force' : 'diverged',
    },
    HASHES,
  );
  const removesOrphans = flags.bool('remove-orphans') || call.world.cli.env['COMPOSE_REMOVE_ORPHANS'] === 'true';
  if (!removesOrphans && plan.orphans.length > 0 && call.world.cli.env['COMPOSE_IGNORE_ORPHANS'] !== 'true')
    tellOrphans(call, plan.orphans);
  for (const { key, name, kind } of plan.volumes) {
    if (kind === 'differs')
      call.warnings.warn(
        `Volume "${name}" exists but its configuration differs from "${key}" of the Compose file, and stays as it is. Remove it to have a new one: its data is lost then`,
      );
  }
  await changing(call, { project }, (context: ApplyContext) =>
    applyUp(
      context,
      { plan, running },
      {
        hashes: HASHES,
        removesOrphans,
        starts,
        rollsBack: declared(flags, 'rollback'),
        renewsVolumes: declared(flags, 'renew-anon-volumes'),
        timeoutSeconds: flags.declares('timeout') ? timeoutOf(flags) : undefined,
        waitSeconds: declared(flags, 'wait') ? flags.int('wait-timeout') : undefined,
        ...(onCreated === undefined ? {} : { onCreated }),
      },
    ),
  );
}

/** Whether a flag is set that not every command has. */
export function declared(flags: Flags, name: string): boolean {
  return flags.declares(name) && flags.bool(name);
}

function policyOf(flags: Flags): RecreatePolicy {
  if (flags.bool('force-recreate')) return 'force';
  return flags.bool('no-recreate') ? 'never' : 'diverged';
}

function tellOrphans(call: ComposeCall, orphans: readonly { readonly name: string }[]): void {
  const names = orphans.map(({ name }) => name).join(' ');
  call.warnings.warn(
    `Found orphan containers ([${names}]) for this project. If you removed or renamed this service in your compose file, you can run this command with the --remove-orphans flag to clean it up.`,
  );
}
