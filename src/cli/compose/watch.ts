import { join } from 'node:path';
import { EngineError, messageOf } from '../../base/errors.ts';
import { pruneImages, restartContainer } from '../../client/index.ts';
import {
  filesBelow,
  LABEL,
  observeContainers,
  type Project,
  type RunningContainer,
  readBounded,
  runHook,
  syncFiles,
  type WatchRule,
  type WatchWork,
  watchPaths,
  watchRules,
  watchWork,
  withOnlyServices,
} from '../../compose/index.ts';
import { parseIgnoreFile } from '../../spec/index.ts';
import { atLeast } from '../command.ts';
import { CliError } from '../errors.ts';
import { flag } from '../flags/flag.ts';
import { parseFlags } from '../flags/parse.ts';
import { bringUp } from './bring-up.ts';
import { INTERRUPTED, isDryRun } from './changing.ts';
import type { ComposeCall, ComposeCommand } from './compose-command.ts';
import { followPresence } from './engine-presence.ts';
import { checkServices, projectOf } from './select-project.ts';
import { UP_FLAGS } from './up-flags.ts';

export const watch: ComposeCommand = {
  usage: '[OPTIONS] [SERVICE...]',
  args: atLeast(0),
  flags: [
    flag('--no-up', 'bool', 'Do not build and start the services before'),
    flag('--prune', 'bool', 'Remove images that a rebuild has replaced', { default: 'true' }),
    flag('--quiet', 'bool', 'Build without progress'),
  ],
  examples: ['compose watch', 'compose watch --no-up web'],
  details: 'Follows the files that develop.watch names: copies them into containers, or rebuilds or restarts services.',
  async run(call, names, flags) {
    let project = await projectOf(call, names);
    checkServices(project, names);
    const words = ['--detach', '--build', ...(flags.bool('quiet') ? ['--quiet-build'] : [])];
    if (!flags.bool('no-up')) {
      const { flags: asked } = parseFlags(UP_FLAGS, words, { interspersed: true });
      project = await bringUp(call, { project, names, flags: asked }, { starts: true });
    }
    const stop = new AbortController();
    const interrupt = (): void => stop.abort();
    process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
    try {
      const watched = names.length === 0 ? [...project.services.keys()] : names;
      await watchProject(
        call,
        project,
        { names: watched, prunes: flags.bool('prune'), isQuiet: flags.bool('quiet') },
        stop.signal,
      );
      return INTERRUPTED;
    } finally {
      process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
    }
  },
};

export interface Watching {
  readonly names: readonly string[];
  readonly prunes: boolean;
  readonly isQuiet: boolean;
}

/** Follows the files of a project's services until the signal aborts. @throws CliError, EngineError */
export async function watchProject(
  call: ComposeCall,
  project: Project,
  watching: Watching,
  signal: AbortSignal,
): Promise<void> {
  const rules = watchRules(project, watching.names, ignoredIn);
  if (rules.length === 0)
    throw new CliError(
      1,
      'none of the selected services is configured for watch, consider setting a "develop" section',
    );
  const { cli, err } = call.world;
  await using watch = await watchPaths(rules);
  if (signal.aborted) return;
  signal.addEventListener('abort', () => void watch[Symbol.asyncDispose](), { once: true });
  await initialSync(call, project, rules);
  if (signal.aborted) return;
  err.line('Watch enabled');
  const presence = followPresence(cli.client, { project: project.name, tell: (text) => err.line(text) }, signal);
  const work = (changed: ReadonlySet<string>): Promise<void> =>
    carryOut(call, project, watchWork(rules, changed), watching);
  for await (const changed of watch.batches) {
    await presence.back();
    if (signal.aborted) return;
    try {
      await work(changed).catch(async (error: unknown) => {
        if (await presence.isThere()) throw error;
        await presence.back();
        if (!signal.aborted) await work(changed);
      });
    } catch (error) {
      if (signal.aborted) return;
      // The next change may be right.
      err.line(`watch: ${messageOf(error)}`);
    }
    if (signal.aborted) return;
  }
}

const IGNORE_BYTES_MAX = 4 * 1024 * 1024;

/** @throws EngineError tooLarge */
function ignoredIn(context: string): readonly string[] {
  try {
    const file = join(context, '.dockerignore');
    return parseIgnoreFile(readBounded(file, { name: file, maxBytes: IGNORE_BYTES_MAX }));
  } catch (error) {
    if (error instanceof EngineError) throw error;
    return [];
  }
}

async function carryOut(call: ComposeCall, project: Project, work: WatchWork, watching: Watching): Promise<void> {
  const { cli, err } = call.world;
  const containers = await running(call, project);
  const idsOf = (service: string): readonly string[] => (containers.get(service) ?? []).map(({ id }) => id);
  const isDry = isDryRun(call);
  const dry = isDry ? ' (dry run)' : '';
  for (const sync of work.syncs) {
    err.line(`Syncing service "${sync.service}" after ${sync.paths.size} changes were detected${dry}`);
    if (!isDry) await syncFiles(cli.client, idsOf(sync.service), sync);
  }
  for (const { service, hook } of work.execs)
    for (const container of containers.get(service) ?? []) {
      if (isDry) err.line(`Execute ${JSON.stringify(hook.command)} in ${container.name}${dry}`);
      else await runHook(cli.client, hook, { container });
    }
  if (work.restarts.size > 0) {
    for (const service of isDry ? [] : work.restarts)
      await Promise.all(idsOf(service).map((id) => restartContainer(cli.client, id)));
    err.line(`service(s) ${JSON.stringify([...work.restarts])} restarted${dry}`);
  }
  if (work.rebuilds.size > 0) await rebuild(call, project, [...work.rebuilds], watching);
}

async function rebuild(
  call: ComposeCall,
  project: Project,
  services: readonly string[],
  { prunes, isQuiet }: Watching,
): Promise<void> {
  const { cli, err } = call.world;
  err.line(`Rebuilding service(s) ${JSON.stringify(services)} after changes were detected...`);
  const words = ['--detach', '--build', '--no-deps', ...(isQuiet ? ['--quiet-build'] : [])];
  const { flags } = parseFlags(UP_FLAGS, words, { interspersed: true });
  const chosen = withOnlyServices(project, new Set(services));
  await bringUp(call, { project: chosen, names: services, flags }, { starts: true });
  err.line(`service(s) ${JSON.stringify(services)} successfully built`);
  if (!prunes || isDryRun(call)) return;
  const filters = { dangling: ['true'], label: [`${LABEL.project}=${project.name}`] };
  await pruneImages(cli.client, filters).catch((error: unknown) => err.line(`watch: ${messageOf(error)}`));
}

/** Copies all files of rules that ask for it. */
async function initialSync(call: ComposeCall, project: Project, rules: readonly WatchRule[]): Promise<void> {
  const initial = rules.filter(({ isInitial, action }) => isInitial && action.startsWith('sync'));
  if (initial.length === 0 || isDryRun(call)) return;
  const containers = await running(call, project);
  for (const rule of initial) {
    const { syncs } = watchWork([rule], filesBelow(rule));
    for (const sync of syncs)
      await syncFiles(
        call.world.cli.client,
        (containers.get(sync.service) ?? []).map(({ id }) => id),
        sync,
      );
  }
}

async function running(call: ComposeCall, project: Project): Promise<ReadonlyMap<string, readonly RunningContainer[]>> {
  const all = await observeContainers(call.world.cli.client, project.name);
  return Map.groupBy(
    all.filter(({ state, isOneOff }) => state === 'running' && !isOneOff),
    ({ service }) => service,
  );
}
