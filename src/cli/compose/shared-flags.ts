import { flag } from '../flags/flag.ts';
import type { Flags } from '../flags/parse.ts';

export const TIMEOUT = flag('-t, --timeout', 'int', 'Set the seconds to wait before killing a container');
export const WAIT_TIMEOUT = flag('--wait-timeout', 'int', 'Limit the seconds to wait for the project');
export const INDEX = flag('--index', 'int', 'Choose a container of the service by its number');

/** Undefined: each container has its own. */
export function timeoutOf(flags: Flags): number | undefined {
  return flags.changed('timeout') ? flags.int('timeout') : undefined;
}

export function byService<T extends { readonly service: string }>(
  containers: readonly T[],
): ReadonlyMap<string, readonly T[]> {
  const found = new Map<string, T[]>();
  for (const container of containers)
    found.set(container.service, [...(found.get(container.service) ?? []), container]);
  return found;
}
