import { EngineError } from '../../base/errors.ts';
import {
  createNetwork,
  disconnectNetwork,
  type Engine,
  inspectNetworkText,
  removeNetwork,
} from '../../client/index.ts';
import { type Hashes, networkBody, type ResourceChange } from '../plan/index.ts';
import { LABEL } from '../running/index.ts';
import { type ApplyContext, change } from './apply-context.ts';
import { forAll } from './in-order.ts';
import { reporting } from './reporter.ts';

/** Creates the networks that are missing, and makes those anew whose configuration has changed. @throws EngineError */
export async function ensureNetworks(
  context: ApplyContext,
  networks: readonly ResourceChange[],
  hashes: Hashes,
): Promise<void> {
  await forAll(networks, async (network) => {
    if (network.kind === 'keep') return;
    const { engine, project, report } = context;
    if (network.kind === 'recreate' && network.id !== undefined) await dropNetwork(context, network.id, network.name);
    const settings = project.networks.get(network.key) ?? {};
    const body = networkBody(project, network.key, settings, hashes.network(settings));
    await change(context, () =>
      reporting(report, { id: `Network ${network.name}`, doing: 'Creating', done: 'Created' }, async () => {
        await createOrTake(engine, project.name, body);
      }),
    );
  });
}

/** Another `up` of the project may have made the network meanwhile. @throws EngineError conflict when the name is a stranger's */
async function createOrTake(engine: Engine, project: string, body: ReturnType<typeof networkBody>): Promise<void> {
  try {
    await createNetwork(engine, body);
  } catch (error) {
    if (!(error instanceof EngineError && error.kind === 'conflict')) throw error;
    const { Labels } = JSON.parse(await inspectNetworkText(engine, body.Name, { verbose: false })) as {
      readonly Labels?: Readonly<Record<string, string>> | null;
    };
    if (Labels?.[LABEL.project] !== project) throw error;
  }
}

/** Removes a network whose containers are made anew on the next one: they are disconnected. */
async function dropNetwork({ engine }: ApplyContext, id: string, name: string): Promise<void> {
  const { Containers } = JSON.parse(await inspectNetworkText(engine, id, { verbose: false })) as {
    readonly Containers?: Readonly<Record<string, object>> | null;
  };
  for (const container of Object.keys(Containers ?? {})) {
    await ignoring('notFound', () => disconnectNetwork(engine, id, { container, force: true }));
  }
  await ignoring('notFound', () => removeNetwork(engine, id || name));
}

/** Does nothing about an error of this kind. @throws any other */
export async function ignoring(kind: EngineError['kind'], work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof EngineError && error.kind === kind)) throw error;
  }
}
