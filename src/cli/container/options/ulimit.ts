import type { Ulimit } from '../../../spec/index.ts';

const NAMES: ReadonlySet<string> = new Set([
  'core',
  'cpu',
  'data',
  'fsize',
  'locks',
  'memlock',
  'msgqueue',
  'nice',
  'nofile',
  'nproc',
  'rss',
  'rtprio',
  'rttime',
  'sigpending',
  'stack',
]);

/** Parses `nofile=1024:2048`. -1 sets no limit. @throws Error */
export function parseUlimit(value: string): Ulimit {
  const [name = '', limits, ...more] = value.split('=');
  if (limits === undefined || more.length > 0) throw new Error(`invalid ulimit argument: ${value}`);
  if (!NAMES.has(name)) throw new Error(`invalid ulimit type: ${name}`);
  const parts = limits.split(':');
  if (parts.length > 2)
    throw new Error(`too many limit value arguments - ${limits}, can only have up to two, \`soft[:hard]\``);
  const [soft = 0, hard = soft] = parts.map((part) => {
    if (!/^-?\d+$/.test(part)) throw new Error(`strconv.ParseInt: parsing ${JSON.stringify(part)}: invalid syntax`);
    return Number(part);
  });
  if (hard !== -1 && (soft === -1 || soft > hard)) {
    throw new Error(
      soft === -1
        ? `ulimit soft limit must be less than or equal to hard limit: soft: -1 (unlimited), hard: ${hard}`
        : `ulimit soft limit must be less than or equal to hard limit: ${soft} > ${hard}`,
    );
  }
  return { Name: name, Soft: soft, Hard: hard };
}
