import { ownHostLines } from '../../network/index.ts';
import type { EndpointSettings } from '../../spec/index.ts';
import type { ContainerRecord } from '../model/record.ts';
import { type RewriteHostsDeps, rewriteHosts } from './rewrite-hosts.ts';

/** Adds the container's own name with the addresses of a further endpoint to its /etc/hosts. */
export function addOwnHosts(deps: RewriteHostsDeps, record: ContainerRecord, endpoint: EndpointSettings): void {
  const lines = linesOf(record, endpoint);
  rewriteHosts(deps, record, (text) => text + lines.map((line) => `${line}\n`).join(''));
}

/** Removes the lines that {@link addOwnHosts} adds. */
export function removeOwnHosts(deps: RewriteHostsDeps, record: ContainerRecord, endpoint: EndpointSettings): void {
  const lines = new Set(linesOf(record, endpoint));
  rewriteHosts(deps, record, (text) =>
    text
      .split('\n')
      .filter((line) => !lines.has(line))
      .join('\n'),
  );
}

function linesOf({ config }: ContainerRecord, endpoint: EndpointSettings): readonly string[] {
  const { Hostname = '', Domainname = '' } = config;
  return ownHostLines([endpoint.IPAddress ?? '', endpoint.GlobalIPv6Address ?? ''], Hostname, Domainname);
}
