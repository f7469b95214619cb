import { EngineError } from '../base/errors.ts';
import { pluginNames } from './find-plugin.ts';
import { KnownPlugin, type KnownPluginDeps } from './known-plugin.ts';
import { PLUGIN_TIMES, type PluginTimes } from './plugin-times.ts';
import type { PluginHost, PluginKind } from './plugins.ts';

export interface PluginHostDeps extends Omit<KnownPluginDeps, 'times'> {
  /** Tests replace them. */
  readonly times?: PluginTimes;
}

export function createPluginHost(deps: PluginHostDeps): PluginHost {
  const shared = { ...deps, times: deps.times ?? PLUGIN_TIMES };
  const known = new Map<string, KnownPlugin>();
  const get = async (name: string, kind: PluginKind, isPatient: boolean, signal?: AbortSignal) => {
    const plugin = known.get(name) ?? new KnownPlugin(shared, name);
    known.set(name, plugin);
    try {
      await plugin.activate(isPatient, signal);
    } finally {
      // A name that finds nothing is not kept.
      if (!plugin.wasFound) known.delete(name);
    }
    if (!plugin.implements(kind)) {
      const asked = `plugin="${name}", requested implementation="${kind}"`;
      throw new EngineError('notFound', `legacy plugin: Plugin does not implement the requested driver: ${asked}`);
    }
    return plugin;
  };
  return {
    get: (name, kind, signal) => get(name, kind, true, signal),
    getOnce: (name, kind, signal) => get(name, kind, false, signal),
    names: () => pluginNames(deps.folders),
    active: (kind) =>
      [...known.values()]
        .filter((each) => each.implements(kind))
        .map(({ name }) => name)
        .sort(),
  };
}
