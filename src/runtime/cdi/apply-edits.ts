import { statSync } from 'node:fs';
import { deviceMajor, deviceMinor } from '../../linux/index.ts';
import type { Hook, RuntimeSpec } from '../../spec/index.ts';
import type { ContainerEdits } from './cdi-spec.ts';

type Device = NonNullable<RuntimeSpec['linux']['devices']>[number];
type DeviceNode = NonNullable<ContainerEdits['deviceNodes']>[number];

/** Applies the edits of one device, or of its file, to a container's configuration. @throws Error for a missing device node */
export function applyEdits(spec: RuntimeSpec, edits: ContainerEdits): RuntimeSpec {
  const { process, linux } = spec;
  const nodes = (edits.deviceNodes ?? []).map((node) => deviceOf(node, process.user));
  const paths = new Set(nodes.map(({ device }) => device.path));
  const targets = new Set((edits.mounts ?? []).map(({ containerPath }) => containerPath));
  const gids = (edits.additionalGids ?? []).filter((gid) => gid !== 0);
  return {
    ...spec,
    process: {
      ...process,
      env: withVariables(process.env, edits.env ?? []),
      ...(gids.length === 0
        ? {}
        : {
            user: { ...process.user, additionalGids: [...new Set([...(process.user.additionalGids ?? []), ...gids])] },
          }),
    },
    mounts: [
      ...spec.mounts.filter(({ destination }) => !targets.has(destination)),
      ...(edits.mounts ?? []).map(({ hostPath, containerPath, options, type }) => ({
        destination: containerPath,
        source: hostPath,
        ...(type ? { type } : {}),
        options: [...(options ?? [])],
      })),
    ],
    ...hooksOf(spec, edits),
    linux: {
      ...linux,
      devices: [...(linux.devices ?? []).filter(({ path }) => !paths.has(path)), ...nodes.map(({ device }) => device)],
      resources: {
        ...linux.resources,
        devices: [
          ...(linux.resources?.devices ?? []),
          ...nodes.flatMap(({ rule }) => (rule === undefined ? [] : [rule])),
        ],
      },
    },
  };
}

/** A later value of a variable replaces an earlier one. */
function withVariables(env: readonly string[], added: readonly string[]): readonly string[] {
  const nameOf = (pair: string): string => pair.slice(0, Math.max(0, pair.indexOf('=')));
  const names = new Set(added.map(nameOf));
  return [...env.filter((pair) => !names.has(nameOf(pair))), ...added];
}

function hooksOf(spec: RuntimeSpec, { hooks }: ContainerEdits): Pick<RuntimeSpec, 'hooks'> {
  if (!hooks?.length) return {};
  const all: Record<string, readonly Hook[]> = { ...spec.hooks };
  for (const { hookName, path, args, env, timeout } of hooks) {
    const hook: Hook = { path, ...(args ? { args } : {}), ...(env ? { env } : {}), ...(timeout ? { timeout } : {}) };
    all[hookName] = [...(all[hookName] ?? []), hook];
  }
  return { hooks: all };
}

/** What the file leaves out is that of the node on the host. A container's user owns the node unless the file says otherwise. */
function deviceOf(node: DeviceNode, user: RuntimeSpec['process']['user']) {
  const stats = node.type && (node.major || node.type === 'p') ? undefined : statSync(node.hostPath || node.path);
  const type = node.type || (stats?.isBlockDevice() ? 'b' : stats?.isFIFO() ? 'p' : 'c');
  if (stats !== undefined && !stats.isBlockDevice() && !stats.isCharacterDevice() && !stats.isFIFO()) {
    throw new Error(`${node.hostPath || node.path} is not a device node`);
  }
  const numbers =
    type === 'p'
      ? {}
      : {
          major: node.major || (stats === undefined ? 0 : deviceMajor(stats.rdev)),
          minor: node.minor ?? (stats === undefined ? 0 : deviceMinor(stats.rdev)),
        };
  const uid = node.uid ?? (user.uid > 0 ? user.uid : undefined);
  const gid = node.gid ?? (user.gid > 0 ? user.gid : undefined);
  const device: Device = {
    path: node.path,
    type,
    ...numbers,
    ...(node.fileMode == null ? {} : { fileMode: node.fileMode }),
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
  };
  const rule = type === 'p' ? undefined : { allow: true, type, ...numbers, access: node.permissions || 'rwm' };
  return { device, rule };
}
