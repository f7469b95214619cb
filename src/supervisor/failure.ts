import type { SupervisorError } from '../spec/index.ts';

/** A refusal, sent to the daemon as a {@link SupervisorError}. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly code: SupervisorError['code'];

  constructor(code: SupervisorError['code'], message: string) {
    super(message);
    this.code = code;
  }
}
