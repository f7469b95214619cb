import type { LogConfig } from '../spec/index.ts';
import type { LogOptions } from './log-options.ts';
import type { OpenLogSender } from './log-sender.ts';

/**
 * A log driver. Each is one file of this folder and one row of `drivers.ts`. The supervisor keeps the output of a container in a file,
 * whatever its driver is: it needs neither the engine nor a receiver for that.
 */
export interface LogDriver {
  /** As in `--log-driver`. */
  readonly name: string;
  /** Its name in the text `unknown log opt 'x' for …` of dockerd. */
  readonly title: string;
  /** Whether that text has the option in double quotes. */
  readonly quotesOptions?: boolean;
  /** Its own log options. Those that all drivers have are in `check-log-config.ts`. `any`: it reads none, and refuses none. */
  readonly options: ReadonlySet<string> | 'any';
  /** Whether the output is kept, so that `logs` can read it. */
  readonly keepsOutput: boolean;
  /** Whether inspect shows the path of the file. */
  readonly showsPath: boolean;
  /** Checks the values of its options at the creation of a container. @throws EngineError invalid, in dockerd's words */
  readonly check?: (options: LogOptions) => void;
  /** Set for a driver with a receiver. The engine reads the kept file and sends what is new: a receiver that is away holds nothing up. */
  readonly openSender?: OpenLogSender;
}

/** The driver that a configuration without a type means. */
export const DEFAULT_LOG_DRIVER = 'json-file';

/** The name of the driver of a container. */
export function logDriverOf(config: LogConfig | null | undefined): string {
  return config?.Type || DEFAULT_LOG_DRIVER;
}
