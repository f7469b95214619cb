import { constants } from 'node:os';
import { invalid } from '../../../base/errors.ts';

const HIGHEST = 64;
const REAL_TIME = /^RTM(?:IN(?:\+(?:[1-9]|1[0-5]))?|AX(?:-(?:[1-9]|1[0-4]))?)$/;

/** Checks STOPSIGNAL. @throws EngineError invalid */
export function checkSignal(text: string): void {
  if (/^-?\d+$/.test(text)) {
    const number = Number(text);
    if (number <= 0 || number > HIGHEST) throw invalid(`invalid signal: ${text}`);
    return;
  }
  const name = text.toUpperCase().replace(/^SIG/, '');
  if (Object.hasOwn(constants.signals, `SIG${name}`) || REAL_TIME.test(name)) return;
  throw invalid(`invalid signal: ${text}`);
}
