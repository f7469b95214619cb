import type { ContainerPort } from '../../client/index.ts';

/** Formats `0.0.0.0:8080->80/tcp, 443/tcp`. Ranges of equal ports are merged, translated ones come last. */
export function displayPorts(ports: readonly ContainerPort[]): string {
  const groups = new Map<string, { ip: string; type: string; first: number; last: number }>();
  const done: string[] = [];
  const translated: string[] = [];
  for (const port of [...ports].sort(byPort)) {
    const { IP: ip = '', PrivatePort: current, Type: type } = port;
    if (ip !== '' && port.PublicPort !== current) {
      translated.push(`${join(ip, String(port.PublicPort ?? 0))}->${current}/${type}`);
      continue;
    }
    const key = `${ip}/${type}`;
    const group = groups.get(key);
    if (group !== undefined && current === group.last + 1) {
      group.last = current;
      continue;
    }
    if (group === undefined) groups.set(key, { ip, type, first: current, last: current });
    else {
      done.push(drawGroup(group));
      group.first = current;
      group.last = current;
    }
  }
  return [...done, ...[...groups.values()].map(drawGroup), ...translated].join(', ');
}

function drawGroup({ ip, type, first, last }: { ip: string; type: string; first: number; last: number }): string {
  const range = first === last ? String(first) : `${first}-${last}`;
  return `${ip === '' ? range : `${join(ip, range)}->${range}`}/${type}`;
}

function join(ip: string, port: string): string {
  return ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`;
}

function byPort(a: ContainerPort, b: ContainerPort): number {
  if (a.PrivatePort !== b.PrivatePort) return a.PrivatePort - b.PrivatePort;
  const [ipA = '', ipB = ''] = [a.IP, b.IP];
  if (ipA !== ipB) return ipA < ipB ? -1 : 1;
  if (a.PublicPort !== b.PublicPort) return (a.PublicPort ?? 0) - (b.PublicPort ?? 0);
  return a.Type < b.Type ? -1 : 1;
}
