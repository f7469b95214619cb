import { invalid } from '../base/errors.ts';
import { ownValue } from '../base/own-value.ts';
import { MS, type Propagation } from '../linux/index.ts';

type Options = Readonly<Record<string, string>>;

const KNOWN: ReadonlySet<string> = new Set(['type', 'o', 'device', 'size']);
const NEEDS: Readonly<Record<string, readonly string[]>> = {
  device: ['type'],
  type: ['device'],
  o: ['device', 'type'],
};

/**
 * Checks the `local` driver's options by dockerd's rules. @throws EngineError invalid with its texts, without their
 * `create x: `
 */
export function checkDriverOptions(options: Options): void {
  for (const key of Object.keys(options)) if (!KNOWN.has(key)) throw invalid(`invalid option: ${JSON.stringify(key)}`);
  if (options['size'] !== undefined) throw invalid('quota size requested but no quota support');
  for (const key of Object.keys(options)) {
    for (const other of ownValue(NEEDS, key) ?? []) {
      if (options[other] === undefined) throw invalid(`missing required option: ${JSON.stringify(other)}`);
    }
  }
}

/** Whether the volume has a mount of its own. */
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
