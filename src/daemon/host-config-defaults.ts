import type { CreateContainersDeps } from '../containers/index.ts';
import type { LiveConfig } from './config/live-config.ts';

/** The current defaults for create requests. */
export function hostConfigDefaults(
  settings: LiveConfig,
  runtimes: { readonly defaultName: string },
): CreateContainersDeps['defaults'] {
  return {
    get defaultRuntime() {
      return runtimes.defaultName;
    },
    get log() {
      return settings.current.log;
    },
    get shmSizeBytes() {
      return settings.current.shmSizeBytes;
    },
    get cgroupnsMode() {
      return settings.current.cgroupnsMode;
    },
    get ulimits() {
      return settings.current.ulimits;
    },
  };
}
