import { mkdirSync } from 'node:fs';
import { EngineError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { trimWhenIdle } from '../linux/index.ts';
import { refuseNewerRoot } from '../store/index.ts';
import type { Config } from './config/config.ts';
import type { LiveConfig } from './config/live-config.ts';
import { removeExecRoot } from './exec-root.ts';
import { fullDiskError } from './full-disk-error.ts';
import { preflight } from './host/preflight.ts';
import { listen } from './listeners.ts';
import { lockBridge, lockDataRoot, writePidfile } from './lock.ts';
import { startRuntime } from './start-runtime.ts';

/** A running engine. Disposing ends it; containers keep running. */
export interface RunningEngine extends AsyncDisposable {
  /** In the form of `DOCKER_HOST`. */
  readonly addresses: readonly string[];
  /** Applies another configuration. @throws EngineError when it is impossible; then the old one stays */
  reload(next: Config): Promise<void>;
  /**
   * Accepts no more requests, ends those that wait for future events, and waits for the others, for at most this long.
   */
  drain(milliseconds: number): Promise<void>;
}

/** @throws EngineError when the engine cannot run here or with this configuration; nothing is left then */
export async function startEngine(settings: LiveConfig, logger: Logger): Promise<RunningEngine> {
  try {
    return await openEngine(settings, logger);
  } catch (error) {
    throw fullDiskError(error, settings.current);
  }
}

async function openEngine(settings: LiveConfig, logger: Logger): Promise<RunningEngine> {
  const config = settings.current;
  const { obstacles, warnings } = preflight();
  if (obstacles.length > 0) {
    throw new EngineError('unavailable', `the engine cannot run here: ${obstacles.join('; ')}`);
  }
  for (const warning of warnings) logger.warn({}, warning);
  await using opened = new AsyncDisposableStack();
  opened.use(lockDataRoot(config.dataRoot));
  const { bridgeName = 'docker0', bridge = bridgeName } = config.network;
  if (bridge !== 'none') opened.use(lockBridge(bridge, logger));
  refuseNewerRoot(config.dataRoot);
  mkdirSync(config.execRoot, { recursive: true, mode: 0o711 });
  opened.defer(() => removeExecRoot(config.execRoot));
  opened.use(writePidfile(config.pidfile, logger));
  const runtime = startRuntime(config, logger);
  opened.defer(async () => {
    const started = await runtime.catch(() => undefined);
    await started?.[Symbol.asyncDispose]();
  });
  const { wire } = await import('./wire.ts');
  const stopping = new AbortController();
  const engine = opened.use(await wire({ settings, logger, runtime, warnings, stopping: stopping.signal }));
  const listeners = opened.use(await listen({ createServer: engine.createServer, logger }, config));
  opened.use(trimWhenIdle());
  const kept = opened.move();
  return {
    addresses: listeners.addresses,
    reload: engine.reload,
    drain: (milliseconds) => {
      stopping.abort();
      return listeners.drain(milliseconds);
    },
    async [Symbol.asyncDispose]() {
      await kept.disposeAsync();
    },
  };
}
