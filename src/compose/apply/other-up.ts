import { setTimeout as sleep } from 'node:timers/promises';
import { conflict, EngineError, failed, messageOf } from '../../base/errors.ts';
import { type ContainerDetails, type Engine, inspectContainer, renameContainer } from '../../client/index.ts';
import { LABEL } from '../running/index.ts';
import { removeWhole } from './remove-whole.ts';

const OTHER_MILLISECONDS_MAX = 20_000;
const ASK_AGAIN_MILLISECONDS = 100;

/** The place of a container in a project, and the configuration that it has there. */
export interface Place {
  readonly name: string;
  readonly project: string;
  readonly service: string;
  readonly number: number;
  readonly configHash: string;
}

export interface AdoptedContainer {
  readonly id: string;
  readonly isRunning: boolean;
}

/**
 * The container that another `up` at the same time makes in a place, as soon as it has its name there. `replaced` is the id of the
 * container that both replace. @throws `fault` when a stranger has the name, or nobody makes it; EngineError failed when it has another
 * configuration
 */
export async function adoptContainer(
  { engine, signal }: { readonly engine: Engine; readonly signal: AbortSignal },
  place: Place,
  { fault, replaced }: { readonly fault: unknown; readonly replaced?: string },
): Promise<AdoptedContainer> {
  const deadline = performance.now() + OTHER_MILLISECONDS_MAX;
  while (!signal.aborted && performance.now() < deadline) {
    const found = await findContainer(engine, place.name);
    if (found !== undefined && found.Id !== replaced && !isRemoving(found)) return checked(found, place, fault);
    // The name is taken before the container can be asked for.
    await sleep(ASK_AGAIN_MILLISECONDS);
  }
  throw fault;
}

/** Gives a container its name, which another `up` may have done meanwhile. @throws EngineError */
export async function renameOnce(engine: Engine, id: string, name: string): Promise<void> {
  try {
    await renameContainer(engine, id, name);
  } catch (error) {
    if ((await findContainer(engine, id))?.Name !== `/${name}`) throw error;
  }
}

/** As {@link renameOnce}, for the last step of a replacement. @throws EngineError conflict when another `up` has taken the place */
export async function takePlace(engine: Engine, id: string, name: string): Promise<void> {
  try {
    await renameOnce(engine, id, name);
  } catch (error) {
    if (!(error instanceof EngineError && (error.kind === 'conflict' || error.kind === 'notFound'))) throw error;
    await removeWhole(engine, id, { force: true });
    throw new EngineError('conflict', messageOf(error), { cause: error });
  }
  // An engine goes on with a removal that began before the container had its name.
  const found = await findContainer(engine, id);
  if (found === undefined || isRemoving(found)) throw conflict(`another "up" has removed the container ${name}`);
}

function checked(found: ContainerDetails, place: Place, fault: unknown): AdoptedContainer {
  const labels = found.Config.Labels ?? {};
  const isOurs =
    labels[LABEL.project] === place.project &&
    labels[LABEL.service] === place.service &&
    labels[LABEL.number] === String(place.number) &&
    labels[LABEL.oneOff] !== 'True';
  if (!isOurs) throw fault;
  if (labels[LABEL.configHash] !== place.configHash)
    throw failed(
      `another "up" has made the container ${place.name} at the same time, with another configuration of service "${place.service}"`,
      fault,
    );
  return { id: found.Id, isRunning: found.State.Running };
}

function isRemoving({ State }: ContainerDetails): boolean {
  return State.Status === 'removing' || State.Status === 'dead';
}

async function findContainer(engine: Engine, name: string): Promise<ContainerDetails | undefined> {
  try {
    return await inspectContainer(engine, name);
  } catch (error) {
    if (error instanceof EngineError && error.kind === 'notFound') return undefined;
    throw error;
  }
}
