import { containerPath, type WatchRule } from './watch-rules.ts';

/** What a batch of changes asks for. */
export interface WatchWork {
  readonly syncs: readonly ServiceSync[];
  readonly rebuilds: ReadonlySet<string>;
  /** After the copies. */
  readonly restarts: ReadonlySet<string>;
  readonly execs: readonly { readonly service: string; readonly hook: NonNullable<WatchRule['exec']> }[];
}

export interface ServiceSync {
  readonly service: string;
  /** Paths in the container, by those of this machine. Each once. */
  readonly paths: ReadonlyMap<string, string>;
}

/** Decides what changed paths ask for. A service that is rebuilt needs nothing else. */
export function watchWork(rules: readonly WatchRule[], changed: Iterable<string>): WatchWork {
  const syncs = new Map<string, Map<string, string>>();
  const [rebuilds, restarts] = [new Set<string>(), new Set<string>()];
  const execs = new Map<WatchRule, NonNullable<WatchRule['exec']>>();
  for (const file of changed) {
    for (const rule of rules) {
      if (!rule.counts(file)) continue;
      const { service, action } = rule;
      if (action === 'rebuild') rebuilds.add(service);
      if (action.endsWith('restart')) restarts.add(service);
      if (action === 'sync+exec' && rule.exec !== undefined) execs.set(rule, rule.exec);
      if (!action.startsWith('sync')) continue;
      const paths = syncs.get(service) ?? new Map<string, string>();
      paths.set(file, containerPath(rule, file));
      syncs.set(service, paths);
    }
  }
  const isKept = (service: string): boolean => !rebuilds.has(service);
  return {
    rebuilds,
    restarts: new Set([...restarts].filter(isKept)),
    syncs: [...syncs].filter(([service]) => isKept(service)).map(([service, paths]) => ({ service, paths })),
    execs: [...execs].filter(([{ service }]) => isKept(service)).map(([{ service }, hook]) => ({ service, hook })),
  };
}
