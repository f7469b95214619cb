import { keepMilliseconds } from './keep.ts';
import type { LogDriver } from './log-driver.ts';

/** The engine's own form, which nobody else reads. It is that of json-file here. */
export const local: LogDriver = {
  name: 'local',
  title: 'log driver local',
  options: new Set(['max-file', 'max-size', 'compress', 'keep']),
  check: (options) => void keepMilliseconds(options),
  keepsOutput: true,
  showsPath: false,
};
