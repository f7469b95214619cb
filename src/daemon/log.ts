import { writeSync } from 'node:fs';
import type { Logger } from '../base/logger.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'fatal';
export type LogFormat = 'text' | 'json';

const RANK: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3, fatal: 4 };

export interface LogOptions {
  /** Read for each line, since it may change. */
  readonly level: () => LogLevel;
  readonly format: LogFormat;
  /** Writes one line with its line feed. */
  readonly write: (line: string) => void;
  readonly now: () => Date;
}

/**
 * Writes structured lines: `text` is logfmt as dockerd writes it, `json` one object per line. It is our own code
 * because a logger's library costs 20 ms of start-up (docs/decisions).
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

/**
 * Writes to standard error at once, so that a line is out before a crash. When the reader is gone or slow, lines are
 * lost and the engine goes on.
 */
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

/** Formats errors with their causes, and bigints as text. */
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
