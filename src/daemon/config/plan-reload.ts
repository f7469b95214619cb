import { type Config, resolveConfig } from './config.ts';
import { fileKey, OPTION_SPECS, type OptionName, type OptionValues } from './options.ts';
import { shownOption } from './shown-option.ts';

/** The options that a reload changes in a running engine: those of dockerd that this engine has, and `log-level`. */
export const RELOADABLE: ReadonlySet<OptionName> = new Set<OptionName>([
  'add-runtime',
  'debug',
  'default-cgroupns-mode',
  'default-runtime',
  'default-shm-size',
  'insecure-registry',
  'label',
  'live-restore',
  'log-level',
  'max-concurrent-downloads',
  'max-concurrent-uploads',
  'registry-mirror',
  'shutdown-timeout',
]);

/** The effect of a reload. */
export interface ReloadPlan {
  /** The new configuration: the running one, with the new values of reloadable options. */
  readonly config: Config;
  /** The options from which `config` was made. */
  readonly values: OptionValues;
  /**
   * New values of the changed options, as text, by their key in the file. `default` for an option that is no longer
   * set.
   */
  readonly changed: Readonly<Record<string, string>>;
  /** Keys of options that differ from the running engine's and need a restart. */
  readonly needRestart: readonly string[];
}

/**
 * Compares the options of the running engine with the current flags and file.
 * @throws EngineError invalid, notImplemented when a current option is wrong
 */
export function planReload(running: OptionValues, wanted: OptionValues): ReloadPlan {
  resolveConfig(wanted);
  const different = OPTION_SPECS.filter(({ flag }) => JSON.stringify(running[flag]) !== JSON.stringify(wanted[flag]));
  const live = different.filter(({ flag }) => RELOADABLE.has(flag));
  const values = { ...running, ...Object.fromEntries(live.map(({ flag }) => [flag, wanted[flag]])) };
  return {
    config: resolveConfig(values),
    values,
    changed: Object.fromEntries(
      live.map((option) => {
        const value = wanted[option.flag];
        return [fileKey(option), value === undefined ? 'default' : shownOption(option, value)];
      }),
    ),
    needRestart: different.filter(({ flag }) => !RELOADABLE.has(flag)).map(fileKey),
  };
}
