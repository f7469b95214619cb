import { invalid } from '../../base/errors.ts';

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

/** Checks a container name. The message quotes the name as `shown`. @throws EngineError invalid */
export function checkName(name: string, shown = name): void {
  if (!NAME.test(name)) throw invalid(`Invalid container name (${shown}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`);
}
