import { maskProxy } from '../../distribution/index.ts';
import type { OptionSpec, OptionValue } from './options.ts';

/** An option's value for a log or an error. Logins within addresses are masked. */
export function shownOption({ flag }: Pick<OptionSpec, 'flag'>, value: OptionValue | undefined): string {
  if (Array.isArray(value)) return `[${value.map((item) => masked(flag, item)).join(' ')}]`;
  return typeof value === 'object' ? JSON.stringify(value) : masked(flag, String(value));
}

function masked(flag: string, text: string): string {
  if (flag === 'registry-mirror') return text.replace(/\/\/[^/]*@/, '//xxxxx:xxxxx@');
  return flag.endsWith('-proxy') ? maskProxy(text) : text;
}
