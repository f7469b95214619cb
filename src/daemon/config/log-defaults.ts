import { invalid } from '../../base/errors.ts';
import { parseBytes } from '../../base/sizes.ts';
import type { LogDefaults } from '../../containers/index.ts';
import { checkLogConfig } from '../../log-drivers/index.ts';

/** Logs are rotated by default, so that a log does not fill the disk. */
const MAX_SIZE_BYTES = 20 * 1024 * 1024;
const MAX_FILES = 5;

export interface LogChoice {
  readonly driver: string;
  readonly options: Readonly<Record<string, string>>;
}

/** Checks `--log-driver` and `--log-opt`, and parses the rotation. @throws EngineError invalid */
export function logDefaults({ driver, options }: LogChoice): LogDefaults {
  checkLogConfig({ Type: driver, Config: options });
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
