import { EngineError } from '../base/errors.ts';

const NOT_STARTED = 128;
const NOT_EXECUTABLE = 126;
const NOT_FOUND = 127;

/**
 * The exit code that a failed start or exec leaves behind. Clients derive the same codes from the same words of Docker's
 * messages (docker/cli, `toStatusError`), so that the words are the code: there is no other carrier.
 */
export function startExitCode(error: unknown): number {
  if (!(error instanceof EngineError) || error.kind !== 'invalid') return NOT_STARTED;
  if (/executable file not found|no such file or directory/i.test(error.message)) return NOT_FOUND;
  if (/permission denied|is a directory|not a directory/i.test(error.message)) return NOT_EXECUTABLE;
  return NOT_STARTED;
}
