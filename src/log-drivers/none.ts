import type { LogDriver } from './log-driver.ts';

/** Keeps nothing. */
export const none: LogDriver = {
  name: 'none',
  title: 'none log driver',
  options: 'any',
  keepsOutput: false,
  showsPath: false,
};
