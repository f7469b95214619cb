import type { NetworkDrivers } from '../drivers/drivers.ts';
import type { SandboxEndpoint } from '../model/sandbox-endpoints.ts';
import type { ConnectedEndpoint } from './connect-endpoints.ts';

/**
 * Lets plugins make the interfaces of their endpoints, one after the other. `undo` takes the endpoints back.
 * @throws EngineError as `RemoteNetwork.join`
 */
export async function joinRemote(
  drivers: NetworkDrivers,
  endpoints: readonly ConnectedEndpoint[],
  netnsPath: string,
  undo: AsyncDisposableStack,
): Promise<readonly ConnectedEndpoint[]> {
  const joined: ConnectedEndpoint[] = [];
  for (const endpoint of endpoints) {
    const { record, settings, name } = endpoint;
    const remote = drivers.find(record.driver)?.remote;
    if (remote === undefined) {
      joined.push(endpoint);
      continue;
    }
    const made = await remote.join(record, settings, { name, netnsPath });
    undo.defer(() => remote.leave(record, settings));
    joined.push({ ...endpoint, ...made });
  }
  return joined;
}

/** Tells plugins that endpoints are gone. `onError` gets what a plugin answers, once for each. Never throws. */
export async function leaveRemote(
  drivers: NetworkDrivers,
  endpoints: readonly SandboxEndpoint[],
  onError: (error: unknown) => void,
): Promise<void> {
  await Promise.all(
    endpoints.map(async ({ record, settings }) => {
      await drivers.find(record.driver)?.remote?.leave(record, settings).catch(onError);
    }),
  );
}
