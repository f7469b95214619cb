import { invalid, messageOf } from '../../base/errors.ts';
import { type LogOptions, parseBool, parseInteger, parseSize } from '../../log-drivers/index.ts';
import type { LogDefaults } from '../model/log-defaults.ts';

const MAX_FILES = { parser: 'Atoi', min: -Number.MAX_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER } as const;

/** The messages of a driver before those of Go's parsers, and for what does not fit together. */
interface Texts {
  readonly size: (text: string) => string;
  readonly files: (text: string) => string;
  readonly compress: string;
  readonly cannotCompress: string;
}

const JSON_FILE: Texts = {
  size: () => '',
  files: () => '',
  compress: '',
  cannotCompress: 'compress cannot be true when max-file is less than 2 or max-size is not set',
};

const LOCAL: Texts = {
  size: (text) => `invalid value for max-size: ${text}: `,
  files: (text) => `invalid value for max-file: ${text}: `,
  compress: 'error reading compress log option: ',
  cannotCompress: 'compression cannot be enabled when max file count is 1',
};

/**
 * Parses the rotation of the files of `json-file` and `local`. A size of `-1` sets no limit.
 * @throws EngineError invalid in dockerd's words
 */
export function fileOptions(driver: string, options: LogOptions, defaults: LogDefaults): LogDefaults {
  const texts = driver === 'local' ? LOCAL : JSON_FILE;
  const { 'max-size': size, 'max-file': files, compress } = options;
  const maxSizeBytes = size === undefined ? defaults.maxSizeBytes : parseMaxSize(size, texts);
  const maxFiles = files === undefined ? defaults.maxFiles : parseMaxFiles(files, texts);
  const compresses = compress === undefined ? defaults.compress : during(texts.compress, () => parseBool(compress));
  if (compress !== undefined && compresses && (maxFiles < 2 || maxSizeBytes === 0)) throw invalid(texts.cannotCompress);
  return { maxSizeBytes, maxFiles, compress: compresses };
}

function parseMaxSize(text: string, { size }: Texts): number {
  if (text === '-1') return 0;
  const bytes = during(size(text), () => parseSize(text));
  if (bytes === 0) throw invalid('max-size must be a positive number');
  return bytes;
}

function parseMaxFiles(text: string, { files }: Texts): number {
  const count = during(files(text), () => parseInteger(text, MAX_FILES));
  if (count < 1) throw invalid('max-file cannot be less than 1');
  return count;
}

function during<T>(problem: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw invalid(problem + messageOf(error), error);
  }
}
