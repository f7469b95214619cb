import { invalid } from '../base/errors.ts';
import { parseBytes } from '../base/sizes.ts';
import type { LogDefaults } from '../containers/index.ts';
import type { Config } from './config/config.ts';

/** Logs are rotated by default, so that a log does not fill the disk. */
const MAX_SIZE_BYTES = 20 * 1024 * 1024;
const MAX_FILES = 5;
const KNOWN = ['max-size', 'max-file', 'compress'];

/** Parses the rotation of `--log-opt`. @throws EngineError invalid */
export function logDefaults(config: Config): LogDefaults {
  const { options } = config.log;
  const unknown = Object.keys(options).filter((name) => !KNOWN.includes(name));
  if (unknown.length > 0) {
    throw invalid(`unknown log opt '${unknown[0]}' for ${config.log.driver} log driver`);
  }
  return {
    maxSizeBytes: maxSize(options['max-size']),
    maxFiles: maxFiles(options['max-file']),
    compress: boolean('compress', options['compress'], false),
  };
}

/** `-1` sets no limit. */
function maxSize(text: string | undefined): number {
  if (text === undefined) return MAX_SIZE_BYTES;
  const bytes = text === '-1' ? 0 : parseBytes(text);
  if (bytes === undefined) throw invalid(`invalid value for max-size: ${text}`);
  return bytes;
}

function maxFiles(text: string | undefined): number {
  if (text === undefined) return MAX_FILES;
  if (!/^[1-9]\d{0,5}$/.test(text)) throw invalid(`max-file cannot be less than 1: ${text}`);
  return Number(text);
}

function boolean(name: string, text: string | undefined, otherwise: boolean): boolean {
  if (text === undefined) return otherwise;
  if (/^(?:1|t|true)$/i.test(text)) return true;
  if (/^(?:0|f|false)$/i.test(text)) return false;
  throw invalid(`invalid value for ${name}: ${text}`);
}
