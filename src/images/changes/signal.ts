import { constants } from 'node:os';

const REAL_TIME = /^RTM(?:IN(?:\+(?:[1-9]|1[0-5]))?|AX(?:-(?:[1-9]|1[0-4]))?)$/;
const SIGNAL_MAX = 64;

/** `SIGTERM`, `term`, `15`, `RTMIN+3`. */
export function isSignal(text: string): boolean {
  if (/^\d{1,3}$/.test(text)) return Number(text) >= 1 && Number(text) <= SIGNAL_MAX;
  const name = text.toUpperCase().replace(/^SIG/, '');
  return Object.hasOwn(constants.signals, `SIG${name}`) || REAL_TIME.test(name);
}
