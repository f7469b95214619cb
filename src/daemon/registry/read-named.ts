import { readFileSync } from 'node:fs';
import { invalid, messageOf } from '../../base/errors.ts';

/** Reads a file that the configuration names. @throws EngineError invalid */
export function readNamed(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw invalid(`cannot read ${path}: ${messageOf(error)}`, error);
  }
}
