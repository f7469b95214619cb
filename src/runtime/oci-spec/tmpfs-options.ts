import { invalid } from '../../base/errors.ts';
import { ownValue } from '../../base/own-value.ts';

/**
 * mount(8) flags that a tmpfs may have, by the property that they set. Of two flags for one property the last one wins.
 */
const FLAGS: Readonly<Record<string, string>> = {
  ro: 'ro',
  rw: 'ro',
  suid: 'suid',
  nosuid: 'suid',
  dev: 'dev',
  nodev: 'dev',
  exec: 'exec',
  noexec: 'exec',
  sync: 'sync',
  async: 'sync',
  dirsync: 'dirsync',
  remount: 'remount',
  mand: 'mand',
  nomand: 'mand',
  atime: 'atime',
  noatime: 'atime',
  diratime: 'diratime',
  nodiratime: 'diratime',
  bind: 'bind',
  rbind: 'rbind',
  relatime: 'relatime',
  norelatime: 'relatime',
  strictatime: 'strictatime',
  nostrictatime: 'strictatime',
  shared: 'propagation',
  rshared: 'propagation',
  slave: 'propagation',
  rslave: 'propagation',
  private: 'propagation',
  rprivate: 'propagation',
  unbindable: 'propagation',
  runbindable: 'propagation',
};

/** Options of tmpfs(5) with a value. */
const VALUES: ReadonlySet<string> = new Set(['size', 'mode', 'uid', 'gid', 'nr_inodes', 'nr_blocks', 'mpol']);

const DEFAULTS = ['noexec', 'nosuid', 'nodev', 'rprivate'];

/** Docker's options of a tmpfs, overridden by the user's. @throws EngineError invalid `invalid tmpfs option "x"` */
export function tmpfsMountOptions(options: readonly string[]): string[] {
  const taken = new Set<string>();
  const merged: string[] = [];
  for (const option of [...DEFAULTS, ...options].reverse()) {
    if (option === 'defaults') continue;
    const subject = subjectOf(option);
    if (subject === undefined) throw invalid(`invalid tmpfs option ${JSON.stringify(option)}`);
    if (taken.has(subject)) continue;
    taken.add(subject);
    merged.push(option);
  }
  return merged.reverse();
}

function subjectOf(option: string): string | undefined {
  const at = option.indexOf('=');
  if (at < 0) return ownValue(FLAGS, option);
  const name = option.slice(0, at);
  return VALUES.has(name) ? `${name}=` : undefined;
}
