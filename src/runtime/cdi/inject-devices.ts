import { failed, messageOf } from '../../base/errors.ts';
import type { RuntimeSpec } from '../../spec/index.ts';
import { applyEdits } from './apply-edits.ts';
import type { ContainerEdits } from './cdi-spec.ts';
import { readCdiDevices } from './read-devices.ts';

/**
 * Gives a container the devices with these full names. The edits of a file are applied once, before those of its devices.
 * @throws EngineError failed, in dockerd's words, for a device that no file describes and for a missing device node
 */
export async function injectDevices(
  spec: RuntimeSpec,
  names: readonly string[],
  folders: readonly string[],
): Promise<RuntimeSpec> {
  if (names.length === 0) return spec;
  const { devices } = await readCdiDevices(folders);
  const missing = names.filter((name) => !devices.has(name));
  if (missing.length > 0) throw failed(`CDI device injection failed: unresolvable CDI devices ${missing.join(', ')}`);
  const edits = new Set<ContainerEdits>(names.flatMap((name) => devices.get(name)?.edits ?? []));
  try {
    return [...edits].reduce(applyEdits, spec);
  } catch (error) {
    throw failed(`CDI device injection failed: failed to inject devices: ${messageOf(error)}`, error);
  }
}
