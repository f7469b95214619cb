import { hostname } from 'node:os';
import type { Runtimes } from '../runtime/index.ts';
import type { EventSink } from '../spec/index.ts';
import type { Config } from './config/config.ts';
import type { LiveConfig } from './config/live-config.ts';

export interface ApplyReloadDeps {
  readonly settings: LiveConfig;
  readonly runtimes: Pick<Runtimes, 'defaultName' | 'reconfigure'>;
  readonly events: EventSink;
  readonly engineId: string;
}

/**
 * Applies a configuration to the running engine, and announces it as dockerd does.
 * @throws EngineError invalid for an unknown default runtime, unavailable when none works; then nothing has changed
 */
export async function applyReload(deps: ApplyReloadDeps, next: Config): Promise<void> {
  await deps.runtimes.reconfigure(next.runtimes, next.defaultRuntime);
  deps.settings.current = next;
  deps.events.emit('daemon', 'reload', deps.engineId, attributes(next, deps.runtimes.defaultName));
}

/** The attributes of the event, with dockerd's names and forms, for the options of this engine. */
function attributes(config: Config, defaultRuntime: string): Readonly<Record<string, string>> {
  const runtimes = Object.entries(config.runtimes).map(([name, { path }]) => `${name}:${path}`);
  return {
    debug: String(config.debug),
    'default-cgroupns-mode': config.cgroupnsMode ?? '',
    'default-runtime': defaultRuntime,
    'default-shm-size': String(config.shmSizeBytes),
    'insecure-registries': JSON.stringify(config.registry.insecure),
    labels: JSON.stringify(config.labels),
    'live-restore': 'true',
    'log-level': config.logLevel,
    'max-concurrent-downloads': String(config.registry.maxConcurrentDownloads),
    'max-concurrent-uploads': String(config.registry.maxConcurrentUploads),
    name: hostname(),
    'registry-mirrors': JSON.stringify(config.registry.mirrors),
    runtimes: runtimes.join(','),
    'shutdown-timeout': String(config.shutdownTimeoutSeconds),
  };
}
