import { invalid } from '../../base/errors.ts';
import type { ContainerConfig, HostConfig } from '../../spec/index.ts';

/** Checks the namespace modes and the options that they exclude. @throws EngineError invalid with dockerd's texts */
export function checkModes(config: ContainerConfig, hostConfig: HostConfig): void {
  const { NetworkMode: network = '', IpcMode: ipc = '', PidMode: pid = '', UTSMode: uts = '' } = hostConfig;
  if (network === 'container:') throw invalid('invalid network mode: invalid container format container:<name|id>');
  if (!['', 'none', 'host', 'private', 'shareable'].includes(ipc) && !ipc.startsWith('container:')) {
    throw invalid(`invalid IPC mode: ${ipc}`);
  }
  if (ipc === 'container:') throw invalid(`invalid IPC mode: ${ipc}`);
  if (!['', 'host'].includes(pid) && !/^container:./.test(pid)) throw invalid(`invalid PID mode: ${pid}`);
  if (!['', 'host'].includes(uts)) throw invalid(`invalid UTS mode: ${uts}`);
  const cgroupns: string = hostConfig.CgroupnsMode ?? '';
  if (!['', 'private', 'host'].includes(cgroupns)) throw invalid(`invalid cgroup namespace mode: ${cgroupns}`);
  if (uts === 'host' && config.Hostname) throw clash('hostname and the UTS mode');
  checkNetwork(config, hostConfig);
}

/**
 * A container that joins another's network cannot configure it. On the host's network there are no links and no
 * hostname.
 */
function checkNetwork(config: ContainerConfig, hostConfig: HostConfig): void {
  const { NetworkMode: mode = '' } = hostConfig;
  const joins = mode.startsWith('container:');
  const links = (hostConfig.Links ?? []).length > 0;
  const undefinedBehavior = "can't be used with links. This would result in undefined behavior";
  if (joins && config.Hostname) throw clash('hostname and the network mode');
  if (joins && links) throw clash(`container type network ${undefinedBehavior}`);
  if (mode === 'host' && links) throw clash(`host type networking ${undefinedBehavior}`);
  if (!joins) return;
  if ((hostConfig.Dns ?? []).length > 0) throw clash('dns and the network mode');
  if ((hostConfig.ExtraHosts ?? []).length > 0) throw clash('custom host-to-IP mapping and the network mode');
  if (Object.keys(hostConfig.PortBindings ?? {}).length > 0 || hostConfig.PublishAllPorts === true) {
    throw clash('port publishing and the container type network mode');
  }
  if (Object.keys(config.ExposedPorts ?? {}).length > 0) {
    throw clash('port exposing and the container type network mode');
  }
}

function clash(what: string): Error {
  return invalid(`conflicting options: ${what}`);
}
