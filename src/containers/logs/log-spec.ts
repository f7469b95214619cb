import { invalid, messageOf } from '../../base/errors.ts';
import { parseBytes } from '../../base/sizes.ts';
import { findLogDriver, logDriverOf } from '../../log-drivers/index.ts';
import { type LogSpec, type TextTest, textExpression } from '../../spec/index.ts';
import type { LogDefaults } from '../model/log-defaults.ts';
import type { ContainerRecord } from '../model/record.ts';

const CACHE_BYTES = 20 * 1024 * 1024;
const CACHE_FILES = 5;

/**
 * Decides how the supervisor keeps a container's output. Drivers that keep it share one form.
 * @throws EngineError invalid for malformed options
 */
export async function logSpec(record: ContainerRecord, path: string, defaults: LogDefaults): Promise<LogSpec> {
  const { LogConfig: config } = record.hostConfig;
  const given = config?.Config ?? {};
  const driver = findLogDriver(logDriverOf(config));
  if (driver?.openSender !== undefined) return cacheSpec(given, path);
  const maxSize = given['max-size'];
  const maxFile = given['max-file'];
  const compress = given['compress'];
  const tag = given['tag'] ?? '';
  const attrs = { ...(await lineAttributes(record, given)), ...(tag === '' ? {} : { tag }) };
  return {
    driver: driver?.keepsOutput === false ? 'none' : 'json-file',
    path,
    maxSizeBytes: maxSize === undefined ? defaults.maxSizeBytes : parseMaxSize(maxSize),
    maxFiles: maxFile === undefined ? defaults.maxFiles : parseMaxFiles(maxFile),
    compress: compress === undefined ? defaults.compress : compress === 'true' || compress === '1',
    ...(Object.keys(attrs).length === 0 ? {} : { attrs }),
  };
}

/** The file of a driver with a receiver. As with dockerd a malformed size or number means the default. */
function cacheSpec(options: Readonly<Record<string, string>>, path: string): LogSpec {
  const { 'cache-max-size': maxSize = '', 'cache-compress': compress = '' } = options;
  return {
    driver: 'json-file',
    path,
    maxSizeBytes: parseBytes(maxSize) || CACHE_BYTES,
    maxFiles: cachedFiles(options),
    compress: !/^(?:0|f|false)$/i.test(compress),
  };
}

/** Number of files that a driver with a receiver keeps. */
export function cachedFiles({ 'cache-max-file': count = '' }: Readonly<Record<string, string>>): number {
  return /^[1-9]\d{0,5}$/.test(count) ? Number(count) : CACHE_FILES;
}

/** `-1` sets no limit. */
function parseMaxSize(text: string): number {
  const bytes = text === '-1' ? 0 : parseBytes(text);
  if (bytes === undefined) throw invalid(`invalid value for max-size: ${text}`);
  return bytes;
}

function parseMaxFiles(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1) throw invalid(`max-file cannot be less than 1: ${text}`);
  return count;
}

/** The labels and variables that the log options `labels`, `labels-regex`, `env` and `env-regex` select. */
export async function lineAttributes(
  record: ContainerRecord,
  options: Readonly<Record<string, string>>,
): Promise<Record<string, string>> {
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
  const matches = pattern === undefined || pattern === '' ? undefined : await parsePattern(pattern);
  for (const [name, value] of pairs) if (wanted.has(name) || matches?.(name) === true) into[name] = value;
}

function parsePattern(text: string): Promise<TextTest> {
  return textExpression(text).catch((error: unknown) => {
    const why = `failed to create task for container: failed to initialize logging driver: ${messageOf(error)}`;
    throw invalid(why, error);
  });
}
