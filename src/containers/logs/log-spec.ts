import { parseBytes } from '../../base/sizes.ts';
import { expandTag, findLogDriver, type LogOptions, logDriverOf } from '../../log-drivers/index.ts';
import type { LogSpec } from '../../spec/index.ts';
import type { LogDefaults } from '../model/log-defaults.ts';
import type { ContainerRecord } from '../model/record.ts';
import { driverRefusal } from './driver-refusal.ts';
import { fileOptions } from './file-options.ts';
import { logSubject } from './forward/log-subject.ts';

const CACHE_BYTES = 20 * 1024 * 1024;
const CACHE_FILES = 5;

/**
 * Decides how the supervisor keeps a container's output. Drivers that keep it share one form.
 * @throws EngineError invalid for malformed options
 */
export async function logSpec(record: ContainerRecord, path: string, defaults: LogDefaults): Promise<LogSpec> {
  const { LogConfig: config } = record.hostConfig;
  const options = config?.Config ?? {};
  const driver = findLogDriver(logDriverOf(config));
  if (driver?.openSender !== undefined) return cacheSpec(options, path);
  const isKept = driver?.keepsOutput !== false;
  try {
    const attrs = isKept ? await entryAttributes(record, options) : {};
    return {
      driver: isKept ? 'json-file' : 'none',
      path,
      ...(isKept ? fileOptions(logDriverOf(config), options, defaults) : defaults),
      ...(Object.keys(attrs).length === 0 ? {} : { attrs }),
    };
  } catch (error) {
    throw driverRefusal(error);
  }
}

/** What is written with each line. A tag is written only when it is given. */
async function entryAttributes(
  record: ContainerRecord,
  options: LogOptions,
): Promise<Readonly<Record<string, string>>> {
  const subject = await logSubject(record);
  const template = options['tag'] ?? '';
  const tag = template === '' ? '' : expandTag(template, subject, '');
  return { ...subject.attributes, ...(tag === '' ? {} : { tag }) };
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
