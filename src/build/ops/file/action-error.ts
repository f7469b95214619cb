import { EngineError } from '../../../base/errors.ts';

/** An action of a file op has failed. Kind and message are those of its cause. */
export class FileActionError extends EngineError {
  /** Its place among the actions of the op. */
  readonly actionIndex: number;

  constructor(actionIndex: number, cause: EngineError) {
    super(cause.kind, cause.message, { cause });
    this.actionIndex = actionIndex;
  }
}
