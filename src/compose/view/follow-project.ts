import { type Engine, inspectContainer, watchEvents } from '../../client/index.ts';
import { LABEL, replacedIn } from '../running/index.ts';
import { attachOutput, type LogSource, printLogs } from './container-output.ts';
import type { LogPrinter } from './log-printer.ts';

/** A container of a project that has ended. */
export interface EndedContainer {
  readonly id: string;
  readonly name: string;
  readonly service: string;
  readonly exitCode: number;
  /** Whether the engine starts it again. */
  readonly restarts: boolean;
}

export interface FollowOptions {
  readonly project: string;
  readonly printer: LogPrinter;
  /** Whether the output of a service is shown. */
  readonly shows: (service: string) => boolean;
  readonly nameOf: (container: { readonly name: string; readonly service: string }) => string;
  readonly timestamps: boolean;
  /** Called when a container has ended and its output is printed. */
  readonly onEnd: (ended: EndedContainer) => void;
  /** Called when a container is made that is to take the place of another one, whose id begins with `replaced`, and which ends after that. */
  readonly onReplacement?: (container: Pick<EndedContainer, 'id' | 'service'>, replaced: string) => void;
}

/** Shows what the containers of a project write, while they start, end and start again. */
export interface ProjectFollower extends Disposable {
  /** Tells of a container that is there: one that runs is followed from now on, another one from its next start. */
  know(container: Named): Promise<void>;
  /** As {@link know}, after a time without events: what a running container has written since is shown, and an end is told. */
  catchUp(container: Named, since: Date): Promise<void>;
  /** Rejects when the stream of events ends with an error. */
  readonly failed: Promise<never>;
}

/** Opens the stream of events: a container that starts after this is followed from its first line. @throws EngineError */
export async function followProject(engine: Engine, options: FollowOptions): Promise<ProjectFollower> {
  const stop = new AbortController();
  const { shows } = options;
  const outputs = new Map<string, Promise<void>>();
  /** When containers ended last: their next output comes after that. Without an entry, all of it is new. */
  const endings = new Map<string, string>();
  const begin = (container: Named, since: string | undefined): Promise<void> =>
    printOutput(engine, container, { ...options, since }, stop.signal);
  const filters = { type: ['container'], label: [`${LABEL.project}=${options.project}`] };
  const events = await watchEvents(engine, { filters }, stop.signal);
  const ignore = (): void => {};
  const read = async (): Promise<never> => {
    for await (const { Action, Actor, timeNano } of events) {
      const { name = '', exitCode, [LABEL.service]: service = '', [LABEL.oneOff]: oneOff } = Actor.Attributes;
      if (oneOff === 'True') continue;
      const container = { id: Actor.ID, name, service };
      const replaced = Action === 'create' ? replacedIn(name) : undefined;
      if (replaced !== undefined) options.onReplacement?.(container, replaced);
      if (Action === 'start' && shows(service)) {
        const before = outputs.get(Actor.ID) ?? Promise.resolve();
        const since = endings.get(Actor.ID);
        outputs.set(Actor.ID, before.then(() => begin(container, since)).catch(ignore));
      } else if (Action === 'die') {
        endings.set(Actor.ID, secondsOf(BigInt(timeNano)));
        void ended(container, Number(exitCode));
      }
    }
    throw new Error('the engine ended the stream of events');
  };
  const ended = async (container: Omit<EndedContainer, 'exitCode' | 'restarts'>, exitCode: number): Promise<void> => {
    await outputs.get(container.id);
    const state = await inspectContainer(engine, container.id).catch(() => undefined);
    options.onEnd({
      ...container,
      exitCode,
      restarts: state?.State.Restarting === true || state?.State.Running === true,
    });
  };
  const failed = read();
  failed.catch(ignore);
  return {
    failed,
    async know(container) {
      const { State } = await inspectContainer(engine, container.id);
      const finished = Date.parse(State.FinishedAt);
      if (State.Running && shows(container.service)) {
        outputs.set(container.id, begin(container, secondsOf(BigInt(Date.now()) * 1_000_000n)).catch(ignore));
      } else if (finished > 0) endings.set(container.id, secondsOf(BigInt(finished) * 1_000_000n));
    },
    async catchUp(container, since) {
      const { State } = await inspectContainer(engine, container.id);
      const { Running, Restarting, ExitCode, FinishedAt } = State;
      if (Running && shows(container.service)) {
        outputs.set(container.id, begin(container, secondsOf(BigInt(since.getTime()) * 1_000_000n)).catch(ignore));
      } else if (!Running && !Restarting && Date.parse(FinishedAt) >= since.getTime())
        options.onEnd({ ...container, exitCode: ExitCode, restarts: false });
    },
    [Symbol.dispose]: () => stop.abort(),
  };
}

type Named = Pick<EndedContainer, 'id' | 'name' | 'service'>;

/** Shows what a container writes until it ends. @throws EngineError */
async function printOutput(
  engine: Engine,
  { id, name, service }: Named,
  { printer, nameOf, timestamps, since }: FollowOptions & { readonly since: string | undefined },
  signal: AbortSignal,
): Promise<void> {
  const { Config, HostConfig } = await inspectContainer(engine, id);
  const source: LogSource = { id, name: nameOf({ name, service }), hasTerminal: Config.Tty === true };
  if (isReadable(HostConfig.LogConfig?.Type)) {
    await printLogs(engine, source, { printer, options: { follow: true, since, timestamps } }, signal);
  } else await (await attachOutput(engine, source, printer)).ended;
}

/** Drivers whose logs engines can read back. */
function isReadable(driver: string | undefined): boolean {
  return driver === undefined || ['', 'json-file', 'local', 'journald'].includes(driver);
}

/** Nanoseconds as the engine's requests have times. */
function secondsOf(nanoseconds: bigint): string {
  return `${nanoseconds / 1_000_000_000n}.${String(nanoseconds % 1_000_000_000n).padStart(9, '0')}`;
}
