import {
  type ApplyContext,
  up as applyUp,
  imageOf,
  observe,
  type Project,
  planUp,
  type RecreatePolicy,
  type ServiceContainer,
  upModels,
  upProviders,
} from '../../compose/index.ts';
import type { Flags } from '../flags/parse.ts';
import { bringImages } from './bring-images.ts';
import { changing, HASHES } from './changing.ts';
import type { ComposeCall } from './compose-command.ts';
import { isOn } from './is-on.ts';
import { programHost } from './program-host.ts';
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
  /** Shows what hooks write. Undefined: it is shown when one fails. */
  readonly hookOutput?: ApplyContext['hookOutput'];
  /** Called with all containers before the first one starts. */
  readonly onCreated?: (containers: ReadonlyMap<string, readonly ServiceContainer[]>) => Promise<void>;
}

/**
 * Makes a project run as its files say. Returns the project with the variables of its providers and models. @throws EngineError, CliError
 */
export async function bringUp(
  call: ComposeCall,
  given: Asked,
  { starts, onCreated, hookOutput }: BringUp,
): Promise<Project> {
  const { project: asRead, names, flags, services = new Set(asRead.services.keys()) } = given;
  warnOfCredentialSpecs(call, asRead);
  const project = await withPrograms(call, asRead, services);
  const images = [...project.services.values()]
    .filter(({ provider }) => provider === undefined)
    .map((service) => imageOf(project, service));
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
  const removesOrphans = flags.bool('remove-orphans') || isOn(project, 'COMPOSE_REMOVE_ORPHANS');
  if (!removesOrphans && plan.orphans.length > 0 && !isOn(project, 'COMPOSE_IGNORE_ORPHANS'))
    tellOrphans(call, plan.orphans);
  for (const { key, name, kind } of plan.volumes) {
    if (kind === 'differs')
      call.warnings.warn(
        `Volume "${name}" exists but its configuration differs from "${key}" of the Compose file, and stays as it is. Remove it to have a new one: its data is lost then`,
      );
  }
  await changing(call, { project }, (context: ApplyContext) =>
    applyUp(
      { ...context, hookOutput },
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
  return project;
}

/** They are for Windows. As with Compose they have no effect on Linux. */
function warnOfCredentialSpecs(call: ComposeCall, project: Project): void {
  for (const [name, { credential_spec }] of project.services) {
    if (credential_spec !== undefined)
      call.warnings.warn(`service "${name}": "credential_spec" is for Windows containers, and has no effect`);
  }
}

/** Brings up models and providers. Returns the project with the variables that they give. @throws EngineError, CliError */
async function withPrograms(call: ComposeCall, project: Project, services: ReadonlySet<string>): Promise<Project> {
  const hasProvider = [...services].some((name) => project.services.get(name)?.provider !== undefined);
  if (!hasProvider && project.models.size === 0) return project;
  const host = programHost(call.world.cli);
  return await changing(call, { project }, async (context) => {
    const withModels = await upModels(context, host);
    return await upProviders({ ...context, project: withModels }, services, host);
  });
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
