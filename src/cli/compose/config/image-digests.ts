import { messageOf } from '../../../base/errors.ts';
import { inspectDistribution } from '../../../client/index.ts';
import { isMapping, type Mapping, type Project, type Value } from '../../../compose/index.ts';
import { registryAuth } from '../../../logins/index.ts';
import { canonicalString, parseReference, withDefaultTag } from '../../../spec/index.ts';
import { CliError } from '../../errors.ts';
import type { ComposeWorld } from '../compose-world.ts';

type ComposeCli = ComposeWorld['cli'];

/** Replaces the tags of all images by digests, which the engine asks of the registries. @throws CliError */
export async function withDigests(cli: ComposeCli, project: Project): Promise<Project> {
  const services = await Promise.all(
    [...project.services].map(async ([name, service]) => {
      const image = service.image ? await pinned(cli, service.image) : service.image;
      return [name, image === undefined ? service : { ...service, image }] as const;
    }),
  );
  return { ...project, services: new Map(services) };
}

/** The same for a mapping in long form. @throws CliError */
export async function withMappingDigests(cli: ComposeCli, mapping: Mapping): Promise<Mapping> {
  const services = mapping.get('services');
  if (!isMapping(services)) return mapping;
  const changed = await Promise.all(
    [...services].map(async ([name, service]): Promise<readonly [string, Value]> => {
      const image = isMapping(service) ? service.get('image') : undefined;
      if (!isMapping(service) || typeof image !== 'string' || image === '') return [name, service];
      return [name, new Map([...service, ['image', await pinned(cli, image)]])];
    }),
  );
  return new Map([...mapping, ['services', new Map(changed)]]);
}

/** An override file: only services, and of them only the images. */
export function imagesOnly(project: Project): Project {
  const services = [...project.services].map(
    ([name, { image }]) => [name, image === undefined ? {} : { image }] as const,
  );
  const none = new Map<string, never>();
  const empty = { networks: none, volumes: none, secrets: none, configs: none, models: none, extensions: none };
  return { ...project, ...empty, name: '', services: new Map(services) };
}

export function mappingImagesOnly(mapping: Mapping): Mapping {
  const services = mapping.get('services');
  if (!isMapping(services)) return new Map();
  const only = [...services].map(([name, service]): readonly [string, Value] => [
    name,
    new Map(isMapping(service) ? [...service].filter(([key]) => key === 'image') : []),
  ]);
  return new Map([['services', new Map(only)]]);
}

async function pinned(cli: ComposeCli, image: string): Promise<string> {
  const reference = parseReference(image);
  // With a digest the tag has no meaning.
  if (reference.digest !== undefined) {
    const { tag: _, ...rest } = reference;
    return canonicalString(rest);
  }
  const named = canonicalString(withDefaultTag(reference));
  try {
    const { Descriptor } = await inspectDistribution(cli.client, named, await registryAuth(cli, image));
    return `${named}@${Descriptor.digest}`;
  } catch (error) {
    throw new CliError(1, `failed to resolve digest for ${named}: ${messageOf(error)}`, { cause: error });
  }
}
