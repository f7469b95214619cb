import type { ContainerSummary } from '../model/inspection.ts';
import type { ContainerRecord } from '../model/record.ts';

/** The ports in a list: the published and the exposed ports of a container that runs. */
export function portsOf(record: ContainerRecord): ContainerSummary['Ports'] {
  const ports: ContainerSummary['Ports'][number][] = [];
  for (const [key, bindings] of Object.entries(record.sandbox?.ports ?? {})) {
    const [number = '', type = 'tcp'] = key.split('/');
    const privatePort = Number(number);
    if (bindings == null || bindings.length === 0) {
      ports.push({ PrivatePort: privatePort, Type: type });
      continue;
    }
    for (const { HostIp: ip = '', HostPort: hostPort = '' } of bindings) {
      ports.push({
        ...(ip === '' ? {} : { IP: ip }),
        PrivatePort: privatePort,
        // A port of a routed network has none.
        ...(hostPort === '' ? {} : { PublicPort: Number(hostPort) }),
        Type: type,
      });
    }
  }
  return ports;
}
