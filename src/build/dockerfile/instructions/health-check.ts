import { invalid } from '../../../base/errors.ts';
import type { ParsedInstruction } from '../parse/tree.ts';
import { parseDuration } from '../values/duration.ts';
import { parseInteger } from '../values/numbers.ts';
import { quote } from '../values/quote.ts';
import { readFlags } from './flags.ts';
import type { HealthCheckInstruction, Source } from './instruction.ts';

const NANOS_MIN = 1e6;

/** @throws EngineError invalid */
export function readHealthCheck(parsed: ParsedInstruction, source: Source): HealthCheckInstruction {
  const [first, ...command] = parsed.words;
  if (first === undefined) throw invalid('HEALTHCHECK requires at least one argument');
  const type = first.toUpperCase();
  const common = { ...source, kind: 'healthcheck' } as const;
  if (type === 'NONE') {
    if (command.length > 0) throw invalid('HEALTHCHECK NONE takes no arguments');
    return {
      ...common,
      test: ['NONE'],
      intervalNanos: 0,
      timeoutNanos: 0,
      startPeriodNanos: 0,
      startIntervalNanos: 0,
      retries: 0,
    };
  }
  const flags = readFlags(parsed.flags, {
    interval: 'text',
    timeout: 'text',
    'start-period': 'text',
    'start-interval': 'text',
    retries: 'text',
  });
  if (type !== 'CMD') throw invalid(`Unknown type ${quote(type)} in HEALTHCHECK (try CMD)`);
  if (command.length === 0) throw invalid('Missing command after HEALTHCHECK CMD');
  return {
    ...common,
    test: [parsed.isJson ? 'CMD' : 'CMD-SHELL', ...command],
    intervalNanos: interval('interval', flags.text('interval')),
    timeoutNanos: interval('timeout', flags.text('timeout')),
    startPeriodNanos: interval('start-period', flags.text('start-period')),
    startIntervalNanos: interval('start-interval', flags.text('start-interval')),
    retries: retriesOf(flags.text('retries')),
  };
}

function interval(name: string, value: string): number {
  if (value === '') return 0;
  const nanos = parseDuration(value);
  if (nanos === 0 || nanos >= NANOS_MIN) return nanos;
  throw invalid(`Interval ${quote(name)} cannot be less than 1ms`);
}

function retriesOf(value: string): number {
  if (value === '') return 0;
  const retries = parseInteger(value);
  if (retries < 0) throw invalid(`--retries cannot be negative (${retries})`);
  return retries;
}
