import { EngineError } from '../../../base/errors.ts';
import type { FailedExec } from '../../tree.ts';

/** A process of a step has ended with a code that the step does not expect. */
export class ExitError extends EngineError {
  readonly exitCode: number;
  /** Undefined where nothing could be kept. */
  readonly failed: FailedExec | undefined;

  constructor(exitCode: number, message: string, failed?: FailedExec) {
    super('failed', message);
    this.exitCode = exitCode;
    this.failed = failed;
  }
}
