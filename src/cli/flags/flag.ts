/**
 * The type of a flag, in the form that help shows. It decides whether the flag may be repeated and which values are
 * valid.
 */
export type FlagType =
  | 'bool'
  | 'string'
  | 'int'
  | 'int64'
  | 'uint16'
  | 'uint64'
  | 'bytes'
  | 'decimal'
  | 'duration'
  | 'ip'
  | 'list'
  | 'stringSlice'
  | 'map'
  | 'filter'
  | 'mount'
  | 'network'
  | 'ulimit'
  | 'gpu-request'
  | 'ipSlice'
  | 'ipNetSlice';

export interface Flag {
  readonly name: string;
  readonly short?: string;
  readonly type: FlagType;
  /** The default in the form that help shows. '' for a zero value that help omits. */
  readonly default: string;
  readonly help: string;
  /** Whether the flag is accepted but not shown, as an old spelling. */
  readonly hidden?: true;
  /** The flag of which this is another spelling. */
  readonly alias?: string;
  /** Throws when a value is invalid. */
  readonly check?: (value: string) => void;
  /** For a map: whether a key alone is accepted, with an empty value. */
  readonly loose?: true;
}

interface FlagExtras {
  readonly loose?: true;
  readonly default?: string;
  readonly hidden?: true;
  readonly alias?: string;
  readonly check?: (value: string) => void;
}

/** Types whose zero value is shown as a default. */
const SHOWN_ZERO: Partial<Record<FlagType, string>> = {
  int: '0',
  int64: '0',
  uint16: '0',
  uint64: '0',
  bytes: '0',
  duration: '0s',
  ip: '<nil>',
  map: 'map[]',
};

/** Defines a flag: `flag('-a, --all', 'bool', 'Show all containers')`. */
export function flag(names: string, type: FlagType, help: string, extras: FlagExtras = {}): Flag {
  const parts = names.split(', ');
  const name = (parts.at(-1) ?? '').replace(/^--/, '');
  const short = parts.length > 1 ? (parts[0] ?? '').slice(1) : undefined;
  return { name, type, help, default: SHOWN_ZERO[type] ?? '', ...extras, ...(short === undefined ? {} : { short }) };
}

/** Defines another spelling of a flag. Help does not show it. */
export function oldName(names: string, of: Flag): Flag {
  const { check } = of;
  return flag(names, of.type, '', {
    default: of.default,
    hidden: true,
    alias: of.name,
    ...(check === undefined ? {} : { check }),
  });
}

const REPEATABLE: ReadonlySet<FlagType> = new Set([
  'list',
  'stringSlice',
  'map',
  'filter',
  'mount',
  'network',
  'ulimit',
  'gpu-request',
  'ipSlice',
  'ipNetSlice',
]);

export function isRepeatable(type: FlagType): boolean {
  return REPEATABLE.has(type);
}
