import { EngineError } from '../../base/errors.ts';
import type { RuntimeProcess } from '../../spec/index.ts';
import type { RefusedError } from '../supervisor-client/control-connection.ts';
export function startError(error: RefusedError, _process: RuntimeProcess): EngineError {
  return new EngineError('invalid', error.message);
}
export function execError(error: RefusedError, _id: string, _process: RuntimeProcess): EngineError {
  return new EngineError('invalid', error.message);
}
export function runtimeMessage(text: string): string {
  return text;
}
