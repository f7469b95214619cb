import { writeSync } from 'node:fs';
import type { Logger } from '../base/logger.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'fatal';
export type LogFormat = 'text' | 'json';

const RANK: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3, fatal: 4 };

export interface LogOptions {
  /** Asked for each line: it may change. */
  readonly level: () => LogLevel;
  readonly format: LogFormat;
  /** Takes one line with its end. */
  readonly write: (line: string) => void;
  readonly now: () => Date;
}

/**
 * Structured lines: `text` is logfmt as dockerd writes it, `json` one object per line. Own code because a logger's
 * library costs 20 ms of start-up (docs/decisions).
 */
export function createLogger(options: LogOptions): Logger {
  const format = options.format === 'json' ? jsonLine : textLine;
  const at =
    (level: LogLevel) =>
    (fields: object, message: string): void => {
      if (RANK[level] < RANK[options.level()]) return;
      options.write(format(options.now().toISOString(), level, message, fields));
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** Standard error, written at once: a line must be out before a crash. A reader that has gone or is full loses lines, not the engine. */
export function writeToStderr(line: string): void {
  try {
    writeSync(2, line);
  } catch {
    // EPIPE, EAGAIN
  }
}

function jsonLine(time: string, level: LogLevel, message: string, fields: object): string {
  return `${JSON.stringify({ time, level, msg: message, ...fields }, plain)}\n`;
}

function textLine(time: string, level: LogLevel, message: string, fields: object): string {
  let line = `time=${quote(time)} level=${level} msg=${quote(message)}`;
  for (const [key, value] of Object.entries(fields)) {
    const shown = plain(key, value);
    if (shown === undefined) continue;
    line += ` ${key}=${quote(typeof shown === 'object' ? JSON.stringify(shown, plain) : String(shown))}`;
  }
  return `${line}\n`;
}

/** Errors with their causes, bigints as text. */
function plain(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (!(value instanceof Error)) return value;
  const cause = value.cause === undefined ? '' : `; caused by ${describe(value.cause)}`;
  return `${describe(value)}${cause}`;
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function quote(text: string): string {
  return /^[\w./:@+,-]+$/.test(text) ? text : JSON.stringify(text);
}
