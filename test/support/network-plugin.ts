import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { PluginServer } from './plugin-server.ts';

/**
 * A network plugin of the tests: a veth pair for each network, whose far end has the gateway's address, and a macvlan link
 * for each endpoint. A bridge would be subject to the forward rules of other engines on the host.
 */
export interface NetworkPlugin extends AsyncDisposable {
  readonly server: PluginServer;
  /** Answers that replace the plugin's own, by method. */
  readonly answers: Map<string, object>;
}

type Body = Readonly<Record<string, unknown>>;

const ip = (command: string): string => execFileSync('ip', command.split(' '), { encoding: 'utf8', stdio: 'pipe' });
const parentOf = ({ NetworkID }: Body): string => `pl${String(NetworkID).slice(0, 10)}`;
const gatewayOf = ({ NetworkID }: Body): string => `pg${String(NetworkID).slice(0, 10)}`;
const idOf = ({ EndpointID }: Body): string => String(EndpointID).slice(0, 10);

/** Listens in the folder under a name. The links are made in the network namespace of the test process. */
export async function networkPlugin(folder: string, name: string): Promise<NetworkPlugin> {
  const answers = new Map<string, object>();
  const server = await PluginServer.listen(join(folder, `${name}.sock`), {
    implements: ['NetworkDriver'],
    handle: ({ method, body }) => {
      const verb = method.replace('NetworkDriver.', '');
      return answers.get(verb) ?? VERBS[verb]?.(body);
    },
  });
  return { server, answers, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

/** Links of networks that were made and not removed. */
const left = new Set<string>();

/** Removes what failed tests have left. */
export function removePluginLinks(): void {
  for (const link of left) ip(`link delete ${link}`);
  left.clear();
}

const VERBS: Readonly<Record<string, (body: Body) => object>> = {
  GetCapabilities: () => ({ Scope: 'local', ConnectivityScope: 'local' }),
  CreateNetwork(body) {
    const [{ Gateway = '' } = {}] = body['IPv4Data'] as { readonly Gateway?: string }[];
    ip(`link add ${parentOf(body)} type veth peer name ${gatewayOf(body)}`);
    left.add(parentOf(body));
    ip(`addr add ${Gateway} dev ${gatewayOf(body)}`);
    ip(`link set ${gatewayOf(body)} up`);
    ip(`link set ${parentOf(body)} up`);
    return {};
  },
  DeleteNetwork(body) {
    ip(`link delete ${parentOf(body)}`);
    left.delete(parentOf(body));
    return {};
  },
  CreateEndpoint(body) {
    ip(`link add pc${idOf(body)} link ${parentOf(body)} type macvlan mode bridge`);
    return {};
  },
  Join(body) {
    const Gateway = ip(`-o -4 addr show dev ${gatewayOf(body)}`).match(/inet ([\d.]+)/)?.[1] ?? '';
    return {
      InterfaceName: { SrcName: `pc${idOf(body)}`, DstPrefix: 'plug' },
      Gateway,
      StaticRoutes: [
        { Destination: '198.51.100.0/24', RouteType: 1 },
        { Destination: '203.0.113.0/24', RouteType: 0, NextHop: Gateway.replace(/\d+$/, '9') },
      ],
    };
  },
  Leave: () => ({}),
  DeleteEndpoint(body) {
    try {
      ip(`link delete pc${idOf(body)}`);
    } catch {
      // It went with the sandbox.
    }
    return {};
  },
};
