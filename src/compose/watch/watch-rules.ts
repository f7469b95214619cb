import { join, relative } from 'node:path';
import { invalid } from '../../base/errors.ts';
import { type IgnoreRules, ignoreRules } from '../../spec/index.ts';
import type { Project, Service } from '../model/index.ts';

export type WatchAction = 'sync' | 'rebuild' | 'restart' | 'sync+restart' | 'sync+exec';

/** An entry of `develop.watch`. */
export interface WatchRule {
  readonly service: string;
  readonly action: WatchAction;
  /** Absolute. */
  readonly path: string;
  /** Where files go in the container. '' for actions that copy none. */
  readonly target: string;
  /** The command of `sync+exec`. */
  readonly exec: NonNullable<Service['post_start']>[number] | undefined;
  /** Whether files are copied when the watch begins. */
  readonly isInitial: boolean;
  /** Whether a path below {@link path} counts. */
  readonly counts: (path: string) => boolean;
  /** Whether nothing below a folder counts, so that it need not be watched. */
  readonly skips: (folder: string) => boolean;
}

const ACTIONS: ReadonlySet<string> = new Set(['sync', 'rebuild', 'restart', 'sync+restart', 'sync+exec']);

/** Files that editors make for themselves, and folders of version control. */
const EPHEMERAL =
  /(?:^|\/)(?:\.git|\.hg|\.svn|\.idea|\.DS_Store)(?:\/|$)|(?:~|\.swp|\.swx|\.swo|\.tmp|___jb_\w+___|\/4913|^4913)$/;

/**
 * The rules of services. `ignoredIn` returns the patterns of the `.dockerignore` of a build context.
 * @throws EngineError invalid
 */
export function watchRules(
  project: Project,
  services: Iterable<string>,
  ignoredIn: (context: string) => readonly string[],
): readonly WatchRule[] {
  const rules: WatchRule[] = [];
  for (const name of services) {
    const service = project.services.get(name);
    const context = service?.build?.context;
    const ofContext = ignoreRules(context === undefined ? [] : ignoredIn(context));
    for (const entry of service?.develop?.watch ?? []) rules.push(ruleOf(name, entry, { context, ofContext }));
  }
  return rules;
}

type Entry = NonNullable<NonNullable<Service['develop']>['watch']>[number];

function ruleOf(
  service: string,
  { path = '', action = '', target = '', exec, ignore, include, initial_sync }: Entry,
  { context, ofContext }: { readonly context: string | undefined; readonly ofContext: IgnoreRules },
): WatchRule {
  if (!ACTIONS.has(action)) throw invalid(`service "${service}": unknown action "${action}" of develop.watch`);
  if (action.startsWith('sync') && target === '')
    throw invalid(`service "${service}": target of "${path}" must be set for ${action}`);
  const own = ignoreRules(ignore ?? []);
  const wanted = include === undefined || include.length === 0 ? undefined : ignoreRules(include);
  const isIgnored = (file: string): boolean => {
    const at = relative(path, file);
    if (at !== '' && (own.ignores(at) || EPHEMERAL.test(at))) return true;
    const inContext = context === undefined ? '..' : relative(context, file);
    return inContext !== '' && !inContext.startsWith('..') && ofContext.ignores(inContext);
  };
  const isBelow = (file: string): boolean => file === path || file.startsWith(`${path}/`);
  return {
    ...{ service, target, path, action: action as WatchAction, isInitial: initial_sync === true },
    exec: exec === undefined || exec.command === undefined ? undefined : exec,
    counts: (file) =>
      isBelow(file) &&
      !isIgnored(file) &&
      (wanted === undefined || file === path || wanted.ignores(relative(path, file))),
    skips: (folder) => !isBelow(folder) || (!own.hasExceptions && !ofContext.hasExceptions && isIgnored(folder)),
  };
}

/** Where a changed file is in the container. */
export function containerPath({ path, target }: WatchRule, file: string): string {
  const at = relative(path, file);
  return at === '' ? target : join(target, at);
}
