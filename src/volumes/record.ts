import { EngineError, invalid } from '../base/errors.ts';

/** What is stored of a volume. */
export interface VolumeRecord {
  readonly name: string;
  /** RFC 3339, whole seconds. */
  readonly createdAt: string;
  readonly labels: Readonly<Record<string, string>> | null;
  readonly options: Readonly<Record<string, string>> | null;
}

/** Marks volumes without a name of the user's. Docker's own label: its clients filter by it. */
export const ANONYMOUS_LABEL = 'com.docker.volume.anonymous';

/** @throws EngineError notFound */
export function noSuchVolume(name: string): never {
  throw new EngineError('notFound', `get ${name}: no such volume`);
}

/** @throws EngineError invalid, as dockerd words it */
export function checkName(name: string): void {
  if (name.length === 1) {
    throw invalid(`create ${name}: volume name is too short, names should be at least two alphanumeric characters`);
  }
  if (name.length > 255 || !/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(name)) {
    throw invalid(
      `create ${name.slice(0, 300)}: ${JSON.stringify(name.slice(0, 300))} includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
    );
  }
}

const KNOWN_OPTIONS = new Set(['type', 'o', 'device', 'size']);

/** Options of the local driver: a mount of `device` of a `type` with options `o`. @throws EngineError invalid */
export function checkOptions(name: string, options: Readonly<Record<string, string>>): void {
  for (const option of Object.keys(options)) {
    if (!KNOWN_OPTIONS.has(option)) throw invalid(`create ${name}: invalid option: ${JSON.stringify(option)}`);
  }
  if (options['size'] !== undefined) throw invalid(`create ${name}: quota size requested but no quota support`);
  if (Object.keys(options).length === 0) return;
  for (const required of ['device', 'type'] as const) {
    if (
      options[required] === undefined &&
      !(required === 'type' && options['o']?.split(',').includes('bind') === true)
    ) {
      throw invalid(`create ${name}: missing required option: ${JSON.stringify(required)}`);
    }
  }
}
