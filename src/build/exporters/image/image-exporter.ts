import { type Descriptor, parseReference, repositoryName } from '../../../spec/index.ts';
import type { BuildPorts, RegistryAccess } from '../../ports.ts';
import { reported } from '../../solver/index.ts';
import type { ExportContext, ExportedResult, Exporter, ExportRequest } from '../exporter.ts';
import { type ComposedImage, composeImage } from './compose-image.ts';
import { type ImageOptions, imageOptions } from './image-options.ts';
import type { StoreLayersDeps } from './store-layers.ts';

export interface ImageExporterDeps extends StoreLayersDeps {
  readonly images: Pick<BuildPorts['images'], 'add' | 'push' | 'pushContent'>;
  readonly collector: BuildPorts['collector'];
  /** Asks the client for credentials. */
  readonly accessOf: (sessionId: string, signal: AbortSignal) => RegistryAccess;
}

/** Adds the image to those of the engine, and pushes it where the client wants that. @throws EngineError for the options */
export function imageExporter(deps: ImageExporterDeps, { attrs }: ExportRequest): Exporter {
  const options = imageOptions(attrs, { isCompressed: false });
  return {
    name: 'exporting to image',
    async run(result, context) {
      const given = options.names.length > 0 ? options.names : namesOfResult(attrs, result);
      await using lease = deps.collector.lease();
      const { report, signal } = context;
      const call = { options, names: given, hasAttestations: true, lease, report, signal };
      const image = await composeImage(deps, result, call);
      const { target: descriptor, manifests, attachments } = image;
      const names = given.length > 0 ? given : danglingNames(options, descriptor);
      if (options.isStored) {
        const canonical = options.hasCanonicalNames && given.length > 0 ? withDigests(names, descriptor) : [];
        deps.images.add({ descriptor, manifests, attachments, names: [...names, ...canonical] });
        for (const name of names) await reported(context, `naming to ${name}`, async () => {});
      }
      if (options.push) for (const name of given) await push(deps, { name, descriptor, options }, context);
      return { response: imageResponse(image, names), images: image.images };
    },
  };
}

/** With the name `*` the frontend names the image. */
function namesOfResult(attrs: ReadonlyMap<string, string>, { metadata }: ExportedResult): readonly string[] {
  const given = metadata.get('image.name');
  if (attrs.get('name') !== '*' || given === undefined) return [];
  return imageOptions(new Map([['name', Buffer.from(given).toString()]]), { isCompressed: false }).names;
}

function danglingNames({ danglingPrefix }: ImageOptions, target: Descriptor): readonly string[] {
  return danglingPrefix === '' ? [] : withDigests([danglingPrefix], target);
}

function withDigests(names: readonly string[], { digest }: Descriptor): readonly string[] {
  return names.map((name) => `${repositoryName(parseReference(name))}@${digest}`);
}

interface Pushed {
  readonly name: string;
  readonly descriptor: Descriptor;
  readonly options: ImageOptions;
}

async function push(
  deps: ImageExporterDeps,
  { name, descriptor, options }: Pushed,
  context: ExportContext,
): Promise<void> {
  const { report, signal, sessionId } = context;
  const access = deps.accessOf(sessionId, signal);
  const started = Date.now();
  const progress = ({ id, current, total }: { id: string; current?: number; total?: number }): void =>
    report({
      id: `pushing ${id}`,
      started,
      ...(current === undefined ? {} : { current }),
      ...(total === undefined ? {} : { total }),
    });
  const call = { ...access, progress };
  const repository = repositoryName(parseReference(name));
  await reported(context, `pushing ${options.pushesByDigest ? `${repository}@${descriptor.digest}` : name}`, () => {
    if (options.pushesByDigest) return deps.images.pushContent({ name: repository, descriptor }, call, signal);
    if (!options.isStored) return deps.images.pushContent({ name, descriptor }, call, signal);
    return deps.images.push(name, call, signal);
  });
}

/** What the client learns about an image. */
export function imageResponse(image: ComposedImage, names: readonly string[]): ReadonlyMap<string, string> {
  const { target, configDigest } = image;
  const descriptor = Buffer.from(JSON.stringify(target)).toString('base64');
  return new Map([
    ['containerimage.digest', target.digest],
    ['containerimage.descriptor', descriptor],
    ...(configDigest === undefined ? [] : ([['containerimage.config.digest', configDigest]] as const)),
    ...(names.length === 0 ? [] : ([['image.name', names.join(',')]] as const)),
  ]);
}
