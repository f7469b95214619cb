import { once } from 'node:events';
import type { Init } from '../grpc/index.ts';
import type { BuildHistoryRequest, buildHistoryEvent, UpdateBuildHistoryRequest } from '../grpc/messages/control.ts';

/** What is known of builds that have ended. */
export interface BuildHistory {
  listen(request: BuildHistoryRequest, signal: AbortSignal): AsyncIterable<Init<typeof buildHistoryEvent>>;
  update(request: UpdateBuildHistoryRequest): void;
}

/** A history that keeps nothing. */
export function emptyHistory(): BuildHistory {
  return {
    async *listen({ EarlyExit }, signal) {
      yield* await untilEnd(EarlyExit, signal);
    },
    update() {},
  };
}

async function untilEnd(isEarly: boolean, signal: AbortSignal): Promise<readonly []> {
  if (!isEarly && !signal.aborted) await once(signal, 'abort');
  return [];
}
