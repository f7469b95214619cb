import type { ZodMiniType } from 'zod/mini';

/** What a plugin may implement, by the names of Docker's handshake. */
export type PluginKind = 'VolumeDriver' | 'NetworkDriver' | 'IpamDriver' | 'LogDriver' | 'authz';

/**
 * Programs beside the engine that extend it, by Docker's plugin protocol: JSON over HTTP.
 *
 * Words: a *plugin* is a program that listens on a socket or an address. Its *name* is the name of its socket, or of the
 * file that has its address. Its *kinds* are what it says in the *handshake* (`Plugin.Activate`) that it implements. A
 * *method* is a path such as `VolumeDriver.Create`.
 *
 * One life: nothing is searched when the engine starts. The first `get` of a name finds the plugin and does the
 * handshake. `call` posts a request. A plugin that went away is waited for; when it is back, the handshake is repeated
 * before the next request. Nothing is stored: after a restart of the engine all begins anew.
 */
export interface PluginHost {
  /**
   * Finds a plugin by name. Does the handshake if there was none.
   * @throws EngineError notFound `plugin "x" not found`, also for one that does not implement the kind; unavailable when
   * it cannot be reached within the patience of the host; failed for an answer that is not one; cancelled
   */
  get(name: string, kind: PluginKind, signal?: AbortSignal): Promise<Plugin>;
  /** As `get`, but tries a plugin that cannot be reached only once. */
  getOnce(name: string, kind: PluginKind, signal?: AbortSignal): Promise<Plugin>;
  /** Lists the names of all plugins that can be found, sorted. They may not be reachable, and of any kind. */
  names(): readonly string[];
  /** Lists the plugins of a kind that have done the handshake, sorted. */
  active(kind: PluginKind): readonly string[];
}

export interface Plugin {
  readonly name: string;
  /**
   * Posts a request and returns the checked answer. A plugin that cannot be reached, or closes the connection without
   * an answer, is tried again at growing intervals: it may get a request twice.
   * @throws EngineError failed with the plugin's own words, or for an answer that is too large or malformed;
   * notImplemented for a method that it does not have; unavailable when it cannot be reached, or for a late or
   * incomplete answer, after which nobody knows what it did; cancelled
   */
  call<T>(method: string, body: unknown, schema: ZodMiniType<T>, signal?: AbortSignal): Promise<T>;
  /** As `call`, but tries a plugin that cannot be reached only once. */
  callOnce<T>(method: string, body: unknown, schema: ZodMiniType<T>, signal?: AbortSignal): Promise<T>;
}
