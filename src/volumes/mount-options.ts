import { invalid } from '../base/errors.ts';
import { ownValue } from '../base/own-value.ts';
import { parseBytes } from '../base/sizes.ts';
import { MS, type Propagation } from '../linux/index.ts';
import { QUOTA_BYTES_MAX, QUOTA_BYTES_MIN } from '../quota/index.ts';

type Options = Readonly<Record<string, string>>;

const KNOWN: ReadonlySet<string> = new Set(['type', 'o', 'device', 'size']);
const NEEDS: Readonly<Record<string, readonly string[]>> = {
  device: ['type'],
  type: ['device'],
  o: ['device', 'type'],
};

/**
 * Checks the `local` driver's options by dockerd's rules. `hasQuotas` says whether the host can limit a volume's size.
 * @throws EngineError invalid with its texts, without their `create x: `
 */
export function checkDriverOptions(options: Options, hasQuotas: boolean): void {
  for (const key of Object.keys(options)) if (!KNOWN.has(key)) throw invalid(`invalid option: ${JSON.stringify(key)}`);
  checkSize(options, hasQuotas);
  for (const key of Object.keys(options)) {
    for (const other of ownValue(NEEDS, key) ?? []) {
      if (options[other] === undefined) throw invalid(`missing required option: ${JSON.stringify(other)}`);
    }
  }
}

function checkSize(options: Options, hasQuotas: boolean): void {
  const text = options['size'];
  if (text === undefined) return;
  const bytes = parseBytes(text);
  if (bytes === undefined) throw invalid(`invalid size: '${text.slice(0, 300)}'`);
  if (bytes === 0) return;
  if (!hasQuotas) throw invalid('quota size requested but no quota support');
  if (hasMount(options))
    throw invalid('the option "size" does not work with "type" and "device"; a tmpfs takes its size in "o"');
  if (bytes < QUOTA_BYTES_MIN || bytes > QUOTA_BYTES_MAX)
    throw invalid(`invalid size: '${text}': it must be from 4m to 8t`);
}

/** The limit of the volume's size. Undefined without one. */
export function quotaBytes(options: Options | null): number | undefined {
  return parseBytes(options?.['size'] ?? '') || undefined;
}

/** Whether something is mounted over the volume's folder while it is used. */
export function needsMount(options: Options | null): options is Options {
  return hasMount(options) || quotaBytes(options) !== undefined;
}

/** Whether the volume's options name a file system of its own. */
export function hasMount(options: Options | null): options is Options {
  return options !== null && (options['type'] !== undefined || options['device'] !== undefined);
}

/** mount(8)'s names of mount(2)'s flags. A leading `!` clears the flag. */
const FLAGS: ReadonlyMap<string, readonly [clear: boolean, flag: number]> = new Map([
  ['defaults', [false, 0]],
  ['ro', [false, MS.RDONLY]],
  ['rw', [true, MS.RDONLY]],
  ['suid', [true, MS.NOSUID]],
  ['nosuid', [false, MS.NOSUID]],
  ['dev', [true, MS.NODEV]],
  ['nodev', [false, MS.NODEV]],
  ['exec', [true, MS.NOEXEC]],
  ['noexec', [false, MS.NOEXEC]],
  ['sync', [false, MS.SYNCHRONOUS]],
  ['async', [true, MS.SYNCHRONOUS]],
  ['dirsync', [false, MS.DIRSYNC]],
  ['atime', [true, MS.NOATIME]],
  ['noatime', [false, MS.NOATIME]],
  ['diratime', [true, MS.NODIRATIME]],
  ['nodiratime', [false, MS.NODIRATIME]],
  ['relatime', [false, MS.RELATIME]],
  ['norelatime', [true, MS.RELATIME]],
  ['strictatime', [false, MS.STRICTATIME]],
  ['nostrictatime', [true, MS.STRICTATIME]],
  ['bind', [false, MS.BIND]],
  ['rbind', [false, MS.BIND | MS.REC]],
]);
const PROPAGATION: ReadonlySet<string> = new Set(['private', 'rprivate', 'slave', 'rslave', 'shared', 'rshared']);

export interface MountOptions {
  readonly flags: number;
  readonly propagation: Propagation | undefined;
  /** The options of the file system itself. */
  readonly data: string;
}

/** Parses the option `o` as mount(8) would. */
export function parseMountOptions(text: string): MountOptions {
  let flags = 0;
  let propagation: Propagation | undefined;
  const data: string[] = [];
  for (const part of text.split(',')) {
    if (part === '') continue;
    const known = FLAGS.get(part);
    if (known !== undefined) flags = known[0] ? flags & ~known[1] : flags | known[1];
    else if (PROPAGATION.has(part)) propagation = part as Propagation;
    else data.push(part);
  }
  return { flags, propagation, data: data.join(',') };
}
