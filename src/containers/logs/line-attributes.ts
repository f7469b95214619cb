import { invalid, messageOf } from '../../base/errors.ts';
import type { LogOptions } from '../../log-drivers/index.ts';
import { textExpression } from '../../spec/index.ts';
import type { ContainerRecord } from '../model/record.ts';

/**
 * The labels and variables that the log options `labels`, `labels-regex`, `env` and `env-regex` select.
 * @throws EngineError invalid for a malformed expression
 */
export async function lineAttributes(record: ContainerRecord, options: LogOptions): Promise<Record<string, string>> {
  const attrs: Record<string, string> = {};
  await pick(attrs, Object.entries(record.config.Labels ?? {}), options['labels'], options['labels-regex']);
  const env = (record.config.Env ?? []).map((pair): [string, string] => {
    const at = pair.indexOf('=');
    return at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)];
  });
  await pick(attrs, env, options['env'], options['env-regex']);
  return attrs;
}

async function pick(
  into: Record<string, string>,
  pairs: readonly (readonly [string, string])[],
  names: string | undefined,
  pattern: string | undefined,
): Promise<void> {
  const wanted = new Set(names?.split(',').filter((name) => name !== ''));
  const matches = pattern === undefined || pattern === '' ? undefined : await textExpression(pattern).catch(refuse);
  for (const [name, value] of pairs) if (wanted.has(name) || matches?.(name) === true) into[name] = value;
}

function refuse(error: unknown): never {
  throw invalid(messageOf(error), error);
}
