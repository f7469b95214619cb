import type { Slots } from '../../base/slots.ts';
import type { Engine } from '../../client/index.ts';
import type { Project } from '../model/index.ts';
import type { RunningContainer } from '../running/index.ts';
import type { Reporter } from './reporter.ts';

/** What every change of a project needs. */
export interface ApplyContext {
  readonly engine: Engine;
  readonly project: Project;
  readonly report: Reporter;
  /** Limits the changes at a time (`--parallel`). Waiting for a service takes none. */
  readonly slots: Slots;
  /** Aborting it begins no further change, and ends what waits. */
  readonly signal: AbortSignal;
  /** Shows what the hooks of a container write. Undefined: it is shown when one fails. */
  readonly hookOutput?: ((container: HookContainer) => HookOutput) | undefined;
  /** Nothing is changed (`--dry-run`): there is nothing to wait for. */
  readonly isDry: boolean;
}

export type HookContainer = Pick<RunningContainer, 'id' | 'name' | 'number' | 'service'>;

export interface HookOutput {
  write(chunk: Uint8Array): void;
  end(): void;
}

/** Runs a change within the limit. @throws EngineError cancelled; what `change` throws */
export async function change<T>({ slots, signal }: ApplyContext, work: () => Promise<T>): Promise<T> {
  using _slot = await slots.take(signal);
  return await work();
}
