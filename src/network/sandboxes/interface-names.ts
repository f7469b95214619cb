import { failed } from '../../base/errors.ts';
import type { EndpointSettings } from '../../spec/index.ts';
import type { NetworkRecord } from '../model/network-record.ts';
import type { Sandbox } from '../networks.ts';

/** Names of the interfaces in a sandbox, by network name. Earlier releases named them by their order. */
export function interfacesOf({ endpoints, interfaces }: Sandbox): Readonly<Record<string, string>> {
  return interfaces ?? Object.fromEntries(Object.keys(endpoints).map((name, at) => [name, `eth${at}`]));
}

/** An endpoint that is about to get an interface. */
interface NewEndpoint {
  readonly record: Pick<NetworkRecord, 'options'>;
  readonly asked: EndpointSettings;
}

/**
 * The names of further interfaces: those that the endpoints ask for, or else the prefix of the network with the lowest
 * free number, as in Docker. @throws EngineError failed for a name that is taken, or that no interface can have
 */
export function interfaceNames(endpoints: readonly NewEndpoint[], taken: readonly string[] = []): readonly string[] {
  const used = new Set(['lo', ...taken]);
  const asked = endpoints.map((endpoint) => endpoint.asked.DriverOpts?.[IFNAME] || undefined);
  for (const name of asked) if (name !== undefined) take(used, name);
  return endpoints.map(
    ({ record }, at) => asked[at] ?? take(used, freeName(used, record.options[IFACE_PREFIX] || 'eth')),
  );
}

const IFNAME = 'com.docker.network.endpoint.ifname';
const IFACE_PREFIX = 'com.docker.network.container_iface_prefix';
/** IFNAMSIZ without the final NUL (netdevice(7)). */
const NAME_BYTES = 15;

function freeName(used: ReadonlySet<string>, prefix: string): string {
  let number = 0;
  while (used.has(`${prefix}${number}`)) number++;
  return `${prefix}${number}`;
}

/** As the kernel checks names, in Docker's words. */
function take(used: Set<string>, name: string): string {
  const refused = (reason: string) => failed(`error renaming interface to ${JSON.stringify(name)}: ${reason}`);
  if (Buffer.byteLength(name) > NAME_BYTES) throw refused('numerical result out of range');
  if (/[\s/:]/.test(name) || name === '.' || name === '..') throw refused('invalid argument');
  if (used.has(name)) throw refused('file exists');
  used.add(name);
  return name;
}
