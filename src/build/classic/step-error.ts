import { EngineError } from '../../base/errors.ts';

/** The command of a RUN has ended with a code. */
export class StepError extends EngineError {
  readonly exitCode: number;

  constructor(command: readonly string[], exitCode: number) {
    super('failed', `The command '${command.join(' ')}' returned a non-zero code: ${exitCode}`);
    this.exitCode = exitCode;
  }
}

/** @param option without its dashes */
export function needsBuildKit(option: string): EngineError {
  const where = 'Refer to https://docs.docker.com/go/buildkit/ to learn how to build images with BuildKit enabled';
  return new EngineError('failed', `the --${option} option requires BuildKit. ${where}`);
}
