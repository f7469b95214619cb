import { invalid } from '../../base/errors.ts';
import { hasItems } from '../../base/has-items.ts';
import { variableName } from '../../base/variable-name.ts';
import type { ContainerConfig } from '../../spec/index.ts';

/** Merges the request's config over the image's. @throws EngineError invalid without a command */
export function mergeConfig(wanted: ContainerConfig, image: ContainerConfig): ContainerConfig {
  const config = completeConfig(wanted, image);
  if (!hasItems(config.Entrypoint) && !hasItems(config.Cmd)) throw invalid('no command specified');
  return config;
}

/** Fills the omitted fields of a config from another one (moby, `runconfig` Merge). */
export function completeConfig(wanted: ContainerConfig, image: ContainerConfig): ContainerConfig {
  const ownCommand = hasItems(wanted.Cmd);
  const ownEntrypoint = hasItems(wanted.Entrypoint);
  let entrypoint = wanted.Entrypoint ?? null;
  let command = wanted.Cmd ?? null;
  if (!ownEntrypoint) {
    if (!ownCommand) command = image.Cmd ?? null;
    entrypoint ??= image.Entrypoint ?? null;
  }
  // `--entrypoint ""` removes the image's entrypoint.
  if (entrypoint?.length === 1 && entrypoint[0] === '') entrypoint = null;
  const stopSignal = wanted.StopSignal || image.StopSignal;
  const health = mergeHealth(wanted.Healthcheck, image.Healthcheck);
  return {
    ...wanted,
    User: wanted.User || image.User || '',
    WorkingDir: wanted.WorkingDir || image.WorkingDir || '',
    Env: mergeEnv(wanted.Env ?? [], image.Env ?? []),
    Labels: { ...image.Labels, ...wanted.Labels },
    ...union('ExposedPorts', wanted.ExposedPorts, image.ExposedPorts),
    Volumes: nullIfEmpty({ ...image.Volumes, ...wanted.Volumes }),
    Entrypoint: entrypoint,
    Cmd: command,
    ...(stopSignal === undefined || stopSignal === '' ? {} : { StopSignal: stopSignal }),
    ...(health === undefined ? {} : { Healthcheck: health }),
    // The image's triggers are for builds on top of it.
    OnBuild: wanted.OnBuild ?? null,
    ...(hasItems(wanted.Shell) || hasItems(image.Shell)
      ? { Shell: hasItems(wanted.Shell) ? wanted.Shell : image.Shell }
      : {}),
  } as ContainerConfig;
}

/** The request's variables, then the image's variables that the request does not set. */
function mergeEnv(wanted: readonly string[], image: readonly string[]): readonly string[] {
  const names = new Set(wanted.map(variableName));
  return [...wanted, ...image.filter((variable) => !names.has(variableName(variable)))];
}

function mergeHealth(
  wanted: ContainerConfig['Healthcheck'],
  image: ContainerConfig['Healthcheck'],
): ContainerConfig['Healthcheck'] | undefined {
  if (wanted == null) return image ?? undefined;
  if (image == null) return wanted;
  const inherit = <K extends 'Interval' | 'Timeout' | 'Retries' | 'StartPeriod' | 'StartInterval'>(key: K) =>
    (wanted[key] ?? 0) !== 0 ? wanted[key] : image[key];
  const merged = {
    Test: hasItems(wanted.Test) ? wanted.Test : image.Test,
    Interval: inherit('Interval'),
    Timeout: inherit('Timeout'),
    StartPeriod: inherit('StartPeriod'),
    StartInterval: inherit('StartInterval'),
    Retries: inherit('Retries'),
  };
  return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== undefined));
}

function union(
  key: 'ExposedPorts',
  wanted: Readonly<Record<string, object>> | null | undefined,
  image: Readonly<Record<string, object>> | null | undefined,
): Partial<ContainerConfig> {
  const all = { ...image, ...wanted };
  return Object.keys(all).length === 0 ? {} : { [key]: all };
}

function nullIfEmpty<T extends object>(value: T): T | null {
  return Object.keys(value).length === 0 ? null : value;
}
