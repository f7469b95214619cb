import type { ZodMiniType } from 'zod/mini';
import { parseBoundedJson } from '../base/bounded-json.ts';
import { EngineError, failed, messageOf } from '../base/errors.ts';
import { isObject } from '../base/is-object.ts';
import { describeIssue } from './describe-issue.ts';

export interface PluginAnswer {
  readonly method: string;
  readonly status: number;
  readonly bytes: Buffer;
}

const TEXT_CHARACTERS_MAX = 2000;

/**
 * Parses and checks the answer of a plugin.
 * @throws EngineError failed with the plugin's own words, or for an answer that does not match; notImplemented
 */
export function readAnswer<T>(answer: PluginAnswer, schema: ZodMiniType<T>): T {
  const { method, status, bytes } = answer;
  if (status !== 200) {
    const kind = status === 404 ? 'notImplemented' : 'failed';
    throw new EngineError(kind, `${method}: ${readable(errorOf(bytes) ?? bytes.toString('utf8'))}`);
  }
  const value = parse(method, bytes);
  const text = isObject(value) ? value['Err'] : undefined;
  if (typeof text === 'string' && text !== '') throw failed(readable(text));
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw failed(`${method}: the answer is malformed: ${describeIssue(parsed.error)}`);
}

/** An empty answer counts as an empty object: several plugins send none where there is nothing to say. */
function parse(method: string, bytes: Buffer): unknown {
  if (bytes.length === 0) return {};
  try {
    return parseBoundedJson(bytes);
  } catch (error) {
    throw failed(`${method}: the answer is not JSON: ${readable(messageOf(error))}`, error);
  }
}

function errorOf(bytes: Buffer): string | undefined {
  try {
    const value = parseBoundedJson(bytes);
    return isObject(value) && typeof value['Err'] === 'string' && value['Err'] !== '' ? value['Err'] : undefined;
  } catch {
    return undefined;
  }
}

/** The text goes to terminals and logs. */
function readable(text: string): string {
  return text
    .slice(0, TEXT_CHARACTERS_MAX)
    .replaceAll(/[\s\p{Cc}]+/gu, ' ')
    .trim();
}
