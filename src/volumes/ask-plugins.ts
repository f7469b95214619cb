import { EngineError } from '../base/errors.ts';
import type { Plugin, PluginHost } from '../plugins/index.ts';

export type PluginAnswer<T> =
  | { readonly plugin: string; readonly value: T }
  | { readonly plugin: string; readonly error: unknown };

/** The time in which every plugin must answer a question about all volumes. */
const QUICK_MS = 5000;

/** Asks every plugin with volumes at the same time. Plugins of another kind are left out. */
export async function askPlugins<T>(
  plugins: PluginHost,
  ask: (plugin: Plugin, signal: AbortSignal) => Promise<T>,
): Promise<readonly PluginAnswer<T>[]> {
  const names = new Set([...plugins.names(), ...plugins.active('VolumeDriver')]);
  if (names.size === 0) return [];
  const signal = AbortSignal.timeout(QUICK_MS);
  const answers = await Promise.all([...names].map((name) => askOne(plugins, name, { ask, signal })));
  return answers.filter((each) => !('error' in each && isOfAnotherKind(each.error)));
}

async function askOne<T>(
  plugins: PluginHost,
  name: string,
  question: { readonly ask: (plugin: Plugin, signal: AbortSignal) => Promise<T>; readonly signal: AbortSignal },
): Promise<PluginAnswer<T>> {
  try {
    const plugin = await plugins.getOnce(name, 'VolumeDriver', question.signal);
    return { plugin: name, value: await question.ask(plugin, question.signal) };
  } catch (error) {
    const isLate = error instanceof EngineError && error.kind === 'cancelled';
    return { plugin: name, error: isLate ? late(error) : error };
  }
}

function late(cause: EngineError): EngineError {
  return new EngineError('unavailable', `no answer within ${QUICK_MS / 1000} seconds`, { cause });
}

function isOfAnotherKind(error: unknown): boolean {
  return error instanceof EngineError && error.kind === 'notFound';
}
