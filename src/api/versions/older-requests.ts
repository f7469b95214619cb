import { compareVersions } from '../../base/versions.ts';
import type { ExecConfig, Filters, Resources } from '../../spec/index.ts';

/** Before 1.42 a prune of volumes removed named ones too. */
export function volumePruneFiltersFor(version: string, filters: Filters): Filters {
  return compareVersions(version, '1.42') < 0 ? { ...filters, all: ['true'] } : filters;
}

/** Before 1.48 every network had IPv4. */
export function networkRequestFor<T extends { readonly EnableIPv4?: boolean | null }>(
  version: string,
  request: T,
): T | Omit<T, 'EnableIPv4'> {
  if (compareVersions(version, '1.48') >= 0) return request;
  const { EnableIPv4: _ignored, ...rest } = request;
  return rest;
}

/** Before 1.42 there were no cluster volumes. */
export function hasClusterVolumes(version: string): boolean {
  return compareVersions(version, '1.42') >= 0;
}

/** Before 1.42 a terminal got its size only from a resize. */
export function execConfigFor(version: string, config: ExecConfig): ExecConfig {
  if (config.ConsoleSize === undefined || compareVersions(version, '1.42') >= 0) return config;
  const { ConsoleSize: _ignored, ...rest } = config;
  return rest;
}

/** As {@link execConfigFor}, for the start of an exec. */
export function consoleSizeFor<T>(version: string, size: T | undefined): T | undefined {
  return compareVersions(version, '1.42') < 0 ? undefined : size;
}

/** Before 1.40 the limit of processes could not be changed. */
export function updateFor<T extends Resources>(version: string, change: T): T | Omit<T, 'PidsLimit'> {
  if (change.PidsLimit === undefined || compareVersions(version, '1.40') >= 0) return change;
  const { PidsLimit: _ignored, ...rest } = change;
  return rest;
}

/** Before 1.30 the response of a wait, with its head, was sent at its end. */
export function waitsForEnd(version: string): boolean {
  return compareVersions(version, '1.30') < 0;
}
