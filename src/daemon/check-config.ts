import { EngineError, invalid } from '../base/errors.ts';
import { checkNetworkConfig } from '../network/index.ts';
import type { Config } from './config/config.ts';
import { parseListen } from './registry/listen-address.ts';

/** Runtimes that are looked for in PATH. */
const KNOWN_RUNTIMES = ['crun', 'runc'];

/**
 * Checks what a start would refuse on every host, so that `--validate` finds it. @throws EngineError invalid, which
 * names the option
 */
export function checkConfig({ defaultRuntime, execRoot, network, ownRegistry, runtimes }: Config): void {
  if (
    defaultRuntime !== undefined &&
    !KNOWN_RUNTIMES.includes(defaultRuntime) &&
    !Object.hasOwn(runtimes, defaultRuntime)
  ) {
    throw invalid(`default-runtime: specified default runtime '${defaultRuntime}' does not exist`);
  }
  if (ownRegistry.listen !== undefined) named('registry-listen', () => parseListen(ownRegistry.listen));
  named('network options', () => checkNetworkConfig({ ...network, execRoot, engineId: '' }));
}

function named(option: string, check: () => unknown): void {
  try {
    check();
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    throw new EngineError(error.kind, `${option}: ${error.message}`, { cause: error });
  }
}
