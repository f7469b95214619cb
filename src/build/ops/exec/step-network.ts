import { shortId } from '../../../base/ids.ts';
import { netMode } from '../../../grpc/messages/pb.ts';
import type { OpDeps } from '../op-deps.ts';

/** Host name of steps that are not given one. */
export const STEP_HOSTNAME = 'buildkitsandbox';

export interface StepNetwork {
  readonly id: string;
  /** BuildKit's number: `netMode`. */
  readonly network: number;
  readonly hostname: string;
}

/** Returns the path of the network namespace of a process, undefined for the host's. `opened` closes it. */
export async function openStepNetwork(
  { ports }: Pick<OpDeps, 'ports'>,
  { id, network, hostname }: StepNetwork,
  opened: AsyncDisposableStack,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (network === netMode.HOST) return undefined;
  opened.defer(() => ports.networks.detach(id));
  const sandbox = await ports.networks.attach(
    {
      ...{ containerId: id, containerName: `build-${shortId(id)}`, hostname: hostname || STEP_HOSTNAME },
      ...{ mode: network === netMode.NONE ? 'none' : 'bridge', endpoints: {}, exposedPorts: [] },
      ...{ portBindings: {}, publishAll: false, sysctls: {} },
    },
    signal,
  );
  return sandbox.netnsPath;
}
