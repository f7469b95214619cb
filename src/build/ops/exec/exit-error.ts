import { EngineError } from '../../../base/errors.ts';

/** A process of a step has ended with a code that the step does not expect. */
export class ExitError extends EngineError {
  readonly exitCode: number;

  constructor(exitCode: number, message: string) {
    super('failed', message);
    this.exitCode = exitCode;
  }
}
