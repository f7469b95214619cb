import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../base/errors.ts';
import {
  type ApplyContext,
  dependentsOf,
  type EndedContainer,
  type HookContainer,
  type HookOutput,
  inOrder,
  isRunning,
  LogPrinter,
  observeContainers,
  type Project,
  type ServiceContainer,
  stopContainers,
} from '../../compose/index.ts';
import { CliError } from '../errors.ts';
import type { Flags } from '../flags/parse.ts';
import type { BringUp } from './bring-up.ts';
import { changing, hasAnsi, INTERRUPTED } from './changing.ts';
import type { ComposeCall } from './compose-command.ts';
import type { TextOutput } from './compose-world.ts';
import { ContainerEnds } from './container-ends.ts';
import { LastingFollower } from './lasting-follower.ts';
import { byService, timeoutOf } from './shared-flags.ts';
import { shownName } from './shown-name.ts';
import { hasMenu, UpMenu } from './up-menu.ts';
import { WatchSwitch } from './watch-switch.ts';

/** How long the last lines of stopped containers may take. */
const LAST_LINES_MILLISECONDS = 2000;

interface Attached {
  readonly names: readonly string[];
  readonly flags: Flags;
  /** Resolves with the project as it was brought up. */
  readonly bring: (hooks: BringUp) => Promise<Project>;
}

/**
 * `up` in the foreground: brings the project up, shows what its containers write, and stops them when they have ended, or when Ctrl-C
 * asks for it; a second one kills them. Resolves with the exit code. @throws CliError, EngineError
 */
export async function runAttached(call: ComposeCall, project: Project, attached: Attached): Promise<number> {
  const { cli } = call.world;
  const { flags } = attached;
  const shown = shownServices(project, attached);
  using menu = new UpMenu(cli.out);
  const printer = new LogPrinter(
    { out: (text) => menu.above(() => cli.out.write(text)), err: (text) => menu.above(() => cli.err.write(text)) },
    { hasPrefix: !flags.bool('no-log-prefix'), hasColor: !flags.bool('no-color') && hasAnsi(call, cli.out) },
  );
  const ends = new ContainerEnds(flags);
  const options = {
    ...{ project: project.name, printer, timestamps: flags.bool('timestamps') },
    shows: (service: string) => shown.has(service),
    nameOf: (container: { readonly name: string; readonly service: string }) => shownName(project.name, container),
    onEnd: (ended: EndedContainer) => {
      if (shown.has(ended.service))
        printer.tell(`${shownName(project.name, ended)} exited with code ${ended.exitCode}`);
      ends.take(ended);
    },
    onReplacement: (container: Pick<ServiceContainer, 'id' | 'service'>, replaced: string) =>
      ends.replace(container, replaced),
  };
  using follower = await LastingFollower.open(cli.client, options);
  const hookOutput = (container: HookContainer): HookOutput =>
    printer.sink(`${shownName(project.name, container)} ->`, 'out');
  let mayRun = false;
  let current = project;
  const onCreated: BringUp['onCreated'] = async (containers) => {
    mayRun = true;
    await announce(containers, { shown, printer, follower, ends, project });
  };
  try {
    current = await attached.bring({ starts: true, onCreated, hookOutput });
  } catch (error) {
    if (!(mayRun && error instanceof CliError && error.exitCode === INTERRUPTED)) throw error;
    return await stopGracefully(call, project, { flags, ends, hookOutput });
  }
  using watching = new WatchSwitch(printingAbove(call, menu), current);
  const failure = Promise.withResolvers<never>();
  failure.promise.catch(() => {});
  if (flags.bool('watch')) watching.turnOn(failure.reject);
  const left = Promise.withResolvers<'interrupted' | 'detached'>();
  if (hasMenu(call, flags))
    menu.open({
      isWatching: () => watching.isOn,
      toggleWatch: () => toggle(watching, printer),
      detach: () => left.resolve('detached'),
      interrupt: () => left.resolve('interrupted'),
    });
  const failed = Promise.race([follower.whileWanted(() => watching.isOn), failure.promise]);
  const close = (): void => {
    menu[Symbol.dispose]();
    // It would start again what is stopped.
    watching.turnOff();
  };
  return await untilEnd(call, project, { flags, ends, hookOutput, failed, left, close });
}

/** Text of the watch goes above the menu. */
function printingAbove(call: ComposeCall, menu: UpMenu): ComposeCall {
  const { err } = call.world;
  const above: TextOutput = {
    isTerminal: err.isTerminal,
    write: (text) => menu.above(() => err.write(text)),
    line: (text) => menu.above(() => err.line(text)),
  };
  return { ...call, world: { ...call.world, err: above } };
}

function toggle(watching: WatchSwitch, printer: LogPrinter): void {
  if (watching.isOn) {
    watching.turnOff();
    printer.tell('Watch disabled');
  } else watching.turnOn((error) => printer.tell(`watch: ${messageOf(error)}`));
}

function shownServices(project: Project, { names, flags }: Attached): ReadonlySet<string> {
  const attach = flags.list('attach');
  const all = [...project.services.values()];
  const asked = attach.length > 0 ? attach : names.length > 0 && !flags.bool('attach-dependencies') ? names : undefined;
  const found = all.filter(({ name = '', attach: isShown }) =>
    asked === undefined ? isShown !== false : asked.includes(name),
  );
  const hidden = flags.list('no-attach');
  return new Set(found.map(({ name = '' }) => name).filter((name) => !hidden.includes(name)));
}

async function announce(
  containers: ReadonlyMap<string, readonly ServiceContainer[]>,
  of: {
    readonly shown: ReadonlySet<string>;
    readonly printer: LogPrinter;
    readonly follower: LastingFollower;
    readonly ends: ContainerEnds;
    readonly project: Project;
  },
): Promise<void> {
  const all = [...containers.values()].flat();
  of.ends.expect(all);
  const shown = all.filter(({ service }) => of.shown.has(service));
  const names = shown.map((container) => shownName(of.project.name, container)).sort();
  of.printer.announce(names);
  if (names.length > 0) of.printer.tell(`Attaching to ${names.join(', ')}`);
  await Promise.all(shown.map((container) => of.follower.know(container)));
}

interface Running {
  readonly flags: Flags;
  readonly ends: ContainerEnds;
  readonly hookOutput: ApplyContext['hookOutput'];
  /** Rejects when what shows the project fails. */
  readonly failed: Promise<never>;
  /** Resolves when the user leaves. */
  readonly left: PromiseWithResolvers<'interrupted' | 'detached'>;
  /** Called when the user leaves or the containers have ended, before anything is stopped. */
  readonly close: () => void;
}

async function untilEnd(
  call: ComposeCall,
  project: Project,
  { flags, ends, hookOutput, failed, left, close }: Running,
): Promise<number> {
  const { cli } = call.world;
  const interrupt = (): void => left.resolve('interrupted');
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  try {
    const result = await Promise.race([ends.done, left.promise, failed]).finally(close);
    if (result === 'detached') return 0;
    const from = flags.string('exit-code-from');
    if (result === 'interrupted') return await stopGracefully(call, project, { flags, ends, hookOutput });
    if (result === undefined) return from === '' ? 0 : (ends.codeOf(from) ?? 0);
    cli.err.line('Aborting on container exit...');
    await stopAll(call, project, { flags, hookOutput });
    await Promise.race([ends.empty, sleep(LAST_LINES_MILLISECONDS)]);
    return from === '' ? result.exitCode : (ends.codeOf(from) ?? result.exitCode);
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}

/** After a Ctrl-C, at whatever moment of `up`. @throws CliError */
async function stopGracefully(
  call: ComposeCall,
  project: Project,
  { flags, ends, hookOutput }: Pick<Running, 'flags' | 'ends' | 'hookOutput'>,
): Promise<number> {
  call.world.cli.out.line('Gracefully Stopping... press Ctrl+C again to force');
  await stopAll(call, project, { flags, hookOutput });
  await Promise.race([ends.empty, sleep(LAST_LINES_MILLISECONDS)]);
  return INTERRUPTED;
}

/** Stops the project's containers. Ctrl-C kills them. @throws CliError */
async function stopAll(
  call: ComposeCall,
  project: Project,
  { flags, hookOutput }: Pick<Running, 'flags' | 'hookOutput'>,
): Promise<void> {
  const { cli } = call.world;
  const all = await observeContainers(cli.client, project.name);
  const containers = byService(
    all.filter((container) => !container.isOneOff && isRunning(container) && project.services.has(container.service)),
  );
  const killed = Promise.withResolvers<never>();
  killed.promise.catch(() => {});
  const kill = async (): Promise<void> => {
    const { killContainer } = await import('../../client/index.ts');
    await Promise.allSettled([...containers.values()].flat().map(({ id }) => killContainer(cli.client, id)));
    killed.reject(new CliError(INTERRUPTED, ''));
  };
  let isKilling = false;
  const onInterrupt = (): void => {
    isKilling = true;
    void kill();
  };
  process.once('SIGINT', onInterrupt);
  try {
    const stopping = changing(call, { project }, (context) =>
      inOrder(
        containers.keys(),
        (name) => dependentsOf(project, name),
        (name) =>
          stopContainers({ ...context, hookOutput }, containers.get(name) ?? [], { timeoutSeconds: timeoutOf(flags) }),
      ),
    );
    await Promise.race([stopping, killed.promise]);
  } catch (error) {
    if (isKilling) await killed.promise;
    throw error;
  } finally {
    process.off('SIGINT', onInterrupt);
  }
}
