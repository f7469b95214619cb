import { invalid } from '../../base/errors.ts';
import { parseDetachKeys } from '../../spec/index.ts';

/** Parses `--detach-keys` into bytes. '' is the default. @throws EngineError invalid, in the engine's words */
export function detachKeysOf(text: string): Uint8Array {
  try {
    return parseDetachKeys(text);
  } catch (error) {
    throw invalid(`Invalid escape keys (${text}) provided`, error);
  }
}
