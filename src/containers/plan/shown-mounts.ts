import { isObject } from '../../base/is-object.ts';
import type { Mount } from '../../spec/index.ts';

/** Fields that Go holds by reference: they are shown when they are given, even without content. */
const STRUCTURES: ReadonlySet<string> = new Set([
  'BindOptions',
  'VolumeOptions',
  'TmpfsOptions',
  'ImageOptions',
  'DriverConfig',
]);

/** `HostConfig.Mounts` as inspect shows it: as in dockerd, fields with Go's zero values are omitted. */
export function shownMounts(given: readonly Mount[]): readonly Mount[] {
  return given.map((mount) => withoutZeros(mount) as Mount);
}

function withoutZeros(fields: object): object {
  const kept = Object.entries(fields).flatMap(([name, value]) => {
    if (STRUCTURES.has(name) && isObject(value)) return [[name, withoutZeros(value)]];
    return isZero(value) ? [] : [[name, value]];
  });
  return Object.fromEntries(kept);
}

function isZero(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  return isObject(value) ? Object.keys(value).length === 0 : !value;
}
