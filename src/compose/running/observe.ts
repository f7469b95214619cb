import { EngineError } from '../../base/errors.ts';
import {
  type ContainerSummary,
  type Engine,
  inspectImageText,
  listContainers,
  listNetworks,
  listVolumes,
} from '../../client/index.ts';
import { LABEL } from './labels.ts';
import type { Running, RunningContainer, RunningImage } from './running.ts';

/**
 * Asks the engine what it has of a project: four requests at once, however many services there are. `images` are the
 * names that services give to their images. @throws EngineError
 */
export async function observe(engine: Engine, project: string, images: readonly string[] = []): Promise<Running> {
  const [containers, networks, volumes, found] = await Promise.all([
    observeContainers(engine, project),
    listNetworks(engine),
    listVolumes(engine),
    observeImages(engine, images),
  ]);
  return {
    containers,
    networks: networks.map(({ Id, Name, Labels }) => ({ id: Id, name: Name, labels: Labels ?? {} })),
    volumes: new Map(volumes.map(({ Name, Labels }) => [Name, { name: Name, labels: Labels ?? {} }])),
    images: found,
  };
}

/** The containers of a project, in the order of their services and numbers. */
export async function observeContainers(engine: Engine, project: string): Promise<readonly RunningContainer[]> {
  const filters = { label: [`${LABEL.project}=${project}`, LABEL.service] };
  const found = await listContainers(engine, { all: true, filters });
  return found.map(containerOf).sort(compareContainers);
}

function containerOf(summary: ContainerSummary): RunningContainer {
  const labels = summary.Labels ?? {};
  const networks = Object.values(summary.NetworkSettings?.Networks ?? {}) as { readonly NetworkID?: string }[];
  return {
    id: summary.Id,
    // A name of a link has two slashes.
    name: (summary.Names ?? []).map((name) => name.slice(1)).find((name) => !name.includes('/')) ?? summary.Id,
    service: labels[LABEL.service] ?? '',
    number: Number.parseInt(labels[LABEL.number] ?? '', 10) || 0,
    isOneOff: labels[LABEL.oneOff] === 'True',
    state: summary.State,
    created: summary.Created,
    image: summary.Image,
    labels,
    networkIds: networks.flatMap(({ NetworkID }) => (NetworkID ? [NetworkID] : [])),
    mounts: (summary.Mounts ?? []).map(({ Type = '', Name = '', Destination = '' }) => ({
      type: Type,
      name: Name,
      target: Destination,
    })),
  };
}

function compareContainers(a: RunningContainer, b: RunningContainer): number {
  if (a.service !== b.service) return a.service < b.service ? -1 : 1;
  return a.number - b.number || a.created - b.created;
}

/** Names that no image has are not in the result. */
export async function observeImages(
  engine: Engine,
  names: readonly string[],
): Promise<ReadonlyMap<string, RunningImage>> {
  const found = new Map<string, RunningImage>();
  await Promise.all(
    [...new Set(names)].map(async (name) => {
      const image = await findImage(engine, name);
      if (image !== undefined) found.set(name, image);
    }),
  );
  return found;
}

async function findImage(engine: Engine, name: string): Promise<RunningImage | undefined> {
  try {
    const { Id, Config, Metadata } = JSON.parse(await inspectImageText(engine, name)) as ImageAnswer;
    const tagged = Date.parse(Metadata?.LastTagTime ?? '') / 1000;
    return { id: Id, volumes: Object.keys(Config?.Volumes ?? {}), taggedSeconds: Math.max(tagged, 0) };
  } catch (error) {
    if (error instanceof EngineError && error.kind === 'notFound') return undefined;
    throw error;
  }
}

interface ImageAnswer {
  readonly Id: string;
  readonly Config?: { readonly Volumes?: Readonly<Record<string, object>> | null } | null;
  readonly Metadata?: { readonly LastTagTime?: string };
}
