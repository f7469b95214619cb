import { keepMilliseconds } from './keep.ts';
import type { LogDriver } from './log-driver.ts';

/** One JSON object a line, as Docker writes them. */
export const jsonFile: LogDriver = {
  name: 'json-file',
  title: 'json-file log driver',
  options: new Set(['max-file', 'max-size', 'compress', 'labels', 'labels-regex', 'env', 'env-regex', 'tag', 'keep']),
  check: (options) => void keepMilliseconds(options),
  keepsOutput: true,
  showsPath: true,
};
