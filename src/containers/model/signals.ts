import { constants } from 'node:os';
import { invalid } from '../../base/errors.ts';
import type { ContainerRecord } from './record.ts';

export const SIGKILL = constants.signals.SIGKILL;

const BY_NAME = new Map<string, number>(Object.entries(constants.signals));
/** The last real-time signal of Linux. */
const HIGHEST = 64;
const RTMIN = 34;

/** Parses `HUP`, `SIGHUP`, `sighup`, `RTMIN+3` or a number. @throws EngineError invalid */
export function parseSignal(text: string): number {
  if (/^\d+$/.test(text)) {
    const number = Number(text);
    if (number === 0) throw invalid(`invalid signal: ${text}`);
    if (number > HIGHEST) throw invalid(`the linux daemon does not support signal ${text}`);
    return number;
  }
  const name = text.toUpperCase().replace(/^SIG/, '');
  const known = BY_NAME.get(`SIG${name}`) ?? realTime(name);
  if (known === undefined) throw invalid(`invalid signal: ${text}`);
  return known;
}

/** The signal that asks the container to end: its own stop signal, else SIGTERM. */
export function stopSignalOf(record: Pick<ContainerRecord, 'config'>): number {
  const { StopSignal: own = '' } = record.config;
  return own === '' ? constants.signals.SIGTERM : parseSignal(own);
}

function realTime(name: string): number | undefined {
  const match = /^RTM(IN|AX)(?:([+-])(\d+))?$/.exec(name);
  if (match === null) return undefined;
  const base = match[1] === 'IN' ? RTMIN : HIGHEST;
  const number = match[2] === '-' ? base - Number(match[3]) : base + Number(match[3] ?? 0);
  return number >= RTMIN && number <= HIGHEST ? number : undefined;
}
