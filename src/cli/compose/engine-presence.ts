import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../base/errors.ts';
import { type Engine, engineVersion, watchEvents } from '../../client/index.ts';
import { LABEL } from '../../compose/index.ts';

const ASK_AGAIN_MILLISECONDS = 1000;

export interface EnginePresence {
  /** Whether the engine answers now. */
  isThere(): Promise<boolean>;
  /** Resolves when the engine is there, or the signal aborts. */
  back(): Promise<void>;
}

/** Tells when the engine goes away, and when it is there again, until the signal aborts. */
export function followPresence(
  engine: Engine,
  { project, tell }: { readonly project: string; readonly tell: (text: string) => void },
  signal: AbortSignal,
): EnginePresence {
  let present = Promise.withResolvers<void>();
  present.resolve();
  const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  const filters = { type: ['container'], label: [`${LABEL.project}=${project}`] };
  const isThere = (): Promise<boolean> =>
    engineVersion(engine).then(
      () => true,
      () => false,
    );
  let isGone = false;
  /** Resolves with the reason when the stream of events has ended. An idle stream shows that the engine is there. */
  const ended = async (): Promise<string> => {
    try {
      const events = await watchEvents(engine, { filters }, signal);
      if (isGone) tell('watch: the engine is back');
      isGone = false;
      present.resolve();
      for await (const _event of events);
      return 'it has closed the connection';
    } catch (error) {
      // What follows is advice for commands that end.
      return messageOf(error).split('\n', 1)[0] ?? '';
    }
  };
  const follow = async (): Promise<void> => {
    while (!signal.aborted) {
      const reason = await ended();
      if (signal.aborted) return;
      if (!isGone) {
        present = Promise.withResolvers();
        tell(`watch: the engine is gone (${reason}). Waiting for it: press Ctrl+C to stop`);
      }
      isGone = true;
      // One that stops may answer for a while.
      await sleep(ASK_AGAIN_MILLISECONDS, undefined, { signal }).catch(() => {});
    }
  };
  void follow();
  return {
    isThere,
    async back() {
      await Promise.race([present.promise, aborted]);
      // What failed may be ahead of the end of the stream.
      while (!signal.aborted && !(await isThere()))
        await sleep(ASK_AGAIN_MILLISECONDS, undefined, { signal }).catch(() => {});
    },
  };
}
