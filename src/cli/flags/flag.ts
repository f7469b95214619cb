/** The type of a flag, named as help shows it. It decides whether the flag may be repeated and which values are valid. */
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
  /** As help shows it; '' when the zero value goes without saying. */
  readonly default: string;
  readonly help: string;
  /** Accepted, but not shown: old spellings. */
  readonly hidden?: true;
  /** The flag that this is another spelling of. */
  readonly alias?: string;
  /** Throws when a value is invalid. */
  readonly check?: (value: string) => void;
  /** Of a map: a key alone is taken too, with an empty value. */
  readonly loose?: true;
}

interface FlagExtras {
  readonly loose?: true;
  readonly default?: string;
  readonly hidden?: true;
  readonly alias?: string;
  readonly check?: (value: string) => void;
}

/** Kinds whose zero value is shown as a default. */
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

/** `flag('-a, --all', 'bool', 'Show all containers')` */
export function flag(names: string, type: FlagType, help: string, extras: FlagExtras = {}): Flag {
  const parts = names.split(', ');
  const name = (parts.at(-1) ?? '').replace(/^--/, '');
  const short = parts.length > 1 ? (parts[0] ?? '').slice(1) : undefined;
  return { name, type, help, default: SHOWN_ZERO[type] ?? '', ...extras, ...(short === undefined ? {} : { short }) };
}

/** Another spelling of a flag, not shown in help. */
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
