import type { PortBinding, PortMap } from '../../../spec/index.ts';
import type { Service, ServicePort } from '../../model/index.ts';

/** The ports that a service names, as keys of the engine's: `80/tcp`. */
export function exposedPorts({ expose, ports }: Service): Readonly<Record<string, object>> | undefined {
  const keys = [...(expose ?? []), ...(ports ?? []).map(portKey)];
  return keys.length === 0 ? undefined : Object.fromEntries(keys.map((key) => [key, {}]));
}

export function portBindings({ ports = [] }: Service): PortMap {
  const bindings = new Map<string, PortBinding[]>();
  for (const port of ports) {
    const { host_ip: HostIp = '', published: HostPort = '' } = port;
    const key = portKey(port);
    bindings.set(key, [...(bindings.get(key) ?? []), { HostIp, HostPort }]);
  }
  return Object.fromEntries(bindings);
}

function portKey({ target = 0, protocol }: ServicePort): string {
  return `${target}/${protocol || 'tcp'}`;
}
