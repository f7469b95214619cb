import { invalid } from '../../../base/errors.ts';
import { ownValue } from '../../../base/own-value.ts';
import { quote } from './quote.ts';

const UNIT_NANOS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};
const NANOS_MAX = 2 ** 63;

/** Parses `1h30m`, `-1.5s`, `0` into nanoseconds. @throws EngineError invalid, in the words of Go's `time.ParseDuration` */
export function parseDuration(text: string): number {
  const sign = text.startsWith('-') ? -1 : 1;
  let rest = text.replace(/^[+-]/, '');
  if (rest === '0') return 0;
  if (rest === '') throw invalid(`time: invalid duration ${quote(text)}`);
  let nanos = 0;
  while (rest !== '') {
    const [number = ''] = /^(?:[0-9]+\.?[0-9]*|\.[0-9]+)/.exec(rest) ?? [];
    if (number === '') throw invalid(`time: invalid duration ${quote(text)}`);
    rest = rest.slice(number.length);
    const [unit = ''] = /^[^.0-9]+/.exec(rest) ?? [];
    if (unit === '') throw invalid(`time: missing unit in duration ${quote(text)}`);
    rest = rest.slice(unit.length);
    const size = ownValue(UNIT_NANOS, unit);
    if (size === undefined) throw invalid(`time: unknown unit ${quote(unit)} in duration ${quote(text)}`);
    nanos += Number(number) * size;
    if (nanos >= NANOS_MAX) throw invalid(`time: invalid duration ${quote(text)}`);
  }
  return Math.trunc(nanos) * sign;
}
