import { invalid } from '../../base/errors.ts';
import { ownValue } from '../../base/own-value.ts';
import type { HealthConfig } from '../../spec/index.ts';
import { type Instruction, jsonList } from './parse-changes.ts';

const UNIT_NANOS: Readonly<Record<string, number>> = { ns: 1, us: 1e3, µs: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };
const DURATIONS: Readonly<Record<string, 'Interval' | 'Timeout' | 'StartPeriod' | 'StartInterval'>> = {
  interval: 'Interval',
  timeout: 'Timeout',
  'start-period': 'StartPeriod',
  'start-interval': 'StartInterval',
};

/** Parses HEALTHCHECK, by BuildKit's rules and in its words. @throws EngineError invalid */
export function parseHealthCheck({ flags, rest }: Instruction): HealthConfig {
  if (rest === '') throw invalid('HEALTHCHECK requires at least one argument');
  const [, word = '', tail = ''] = /^(\S+)\s*(.*)$/s.exec(rest) ?? [];
  const type = word.toUpperCase();
  const limits = Object.assign({}, ...flags.map(([name, value]) => flagLimit(name, value))) as HealthConfig;
  if (type === 'NONE') {
    if (tail !== '') throw invalid('HEALTHCHECK NONE takes no arguments');
    return { Test: ['NONE'] };
  }
  if (type !== 'CMD') throw invalid(`Unknown type "${type}" in HEALTHCHECK (try CMD)`);
  if (tail === '') throw invalid('Missing command after HEALTHCHECK CMD');
  const list = jsonList(tail);
  return { Test: list === undefined ? ['CMD-SHELL', tail] : ['CMD', ...list], ...limits };
}

function flagLimit(name: string, value: string): HealthConfig {
  if (name === 'retries') {
    if (value === '') return {};
    if (!/^[+-]?\d{1,9}$/.test(value)) throw invalid(`strconv.ParseInt: parsing "${value}": invalid syntax`);
    const retries = Number(value);
    if (retries < 0) throw invalid(`--retries cannot be negative (${retries})`);
    return retries === 0 ? {} : { Retries: retries };
  }
  const field = ownValue(DURATIONS, name);
  if (field === undefined) throw invalid(`unknown flag: ${name}`);
  if (value === '') return {};
  const nanos = durationNanos(value);
  if (nanos < 0) throw invalid(`Interval "${name}" cannot be negative`);
  if (nanos !== 0 && nanos < 1e6) throw invalid(`Interval "${name}" cannot be less than 1ms`);
  return nanos === 0 ? {} : { [field]: nanos };
}

/** Parses as Go's `time.ParseDuration` does. */
function durationNanos(text: string): number {
  const match = /^([+-]?)((?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|ms|s|m|h))+$/.exec(text);
  if (match === null) {
    if (/^[+-]?0$/.test(text)) return 0;
    throw invalid(`time: invalid duration "${text}"`);
  }
  let nanos = 0;
  for (const [, amount = '', unit = ''] of text.matchAll(/(\d*\.?\d*)(ns|us|µs|ms|s|m|h)/g)) {
    nanos += Number(amount) * (UNIT_NANOS[unit] ?? 0);
  }
  if (!Number.isSafeInteger(Math.round(nanos))) throw invalid(`time: invalid duration "${text}"`);
  return match[1] === '-' ? -Math.round(nanos) : Math.round(nanos);
}
