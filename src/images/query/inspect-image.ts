import type { ContainerConfig, Descriptor, Platform } from '../../spec/index.ts';
import type { StoredImage } from '../../store/index.ts';
import { type LayerSizes, layerSizes, layersOf, sizeOf } from '../layers/layer-chain.ts';
import type { ImagesDeps } from '../model/deps.ts';
import { familiar } from '../names/familiar.ts';
import { type ManifestSummary, manifestSummaries } from './manifest-summary.ts';

/** The response to `GET /images/{name}/json`. */
export interface ImageInspect {
  readonly Id: string;
  readonly RepoTags: readonly string[];
  readonly RepoDigests: readonly string[];
  readonly Parent: string;
  readonly Comment: string;
  readonly Created?: string;
  readonly DockerVersion: string;
  readonly Author: string;
  readonly Config: ContainerConfig;
  readonly Architecture: string;
  readonly Variant?: string;
  readonly Os: string;
  readonly Size: number;
  readonly GraphDriver: { readonly Name: string; readonly Data: Readonly<Record<string, string>> | null };
  readonly RootFS: { readonly Type: 'layers'; readonly Layers: readonly string[] };
  readonly Metadata: { readonly LastTagTime: string };
  readonly Descriptor: Descriptor;
  readonly Manifests?: readonly ManifestSummary[];
}

/** `GET /images/{name}/json`. @throws EngineError notFound, invalid */
export function inspectImage(
  deps: ImagesDeps,
  ref: string,
  options: { readonly platform?: Platform; readonly manifests: boolean },
): ImageInspect {
  const image = deps.images.resolve(ref, options.platform);
  const { config } = image;
  const sizes = layerSizes(deps.snapshots);
  const comment = config.history?.at(-1)?.comment ?? '';
  return {
    Id: image.id,
    RepoTags: image.names.map(familiar),
    RepoDigests: image.repoDigests.map(familiar),
    Parent: image.parent ?? '',
    Comment: comment,
    ...(config.created === undefined ? {} : { Created: config.created }),
    DockerVersion: config.docker_version ?? '',
    Author: config.author ?? '',
    Config: fullConfig(config.config ?? {}),
    Architecture: config.architecture,
    ...(config.variant === undefined ? {} : { Variant: config.variant }),
    Os: config.os,
    Size: sizeOf(layersOf(deps.snapshots, config), sizes),
    GraphDriver: { Name: deps.snapshots.driver, Data: deps.snapshots.layerFolders(config.rootfs.diff_ids) },
    RootFS: { Type: 'layers', Layers: config.rootfs.diff_ids },
    Metadata: { LastTagTime: image.lastTaggedAt },
    Descriptor: image.target,
    ...(options.manifests ? { Manifests: manifests(deps, image, sizes) } : {}),
  };
}

function manifests(deps: ImagesDeps, image: StoredImage, sizes: LayerSizes): ManifestSummary[] {
  const target = deps.images.targets().find(({ descriptor }) => descriptor.digest === image.target.digest);
  return target === undefined ? [] : manifestSummaries(deps, target, sizes);
}

/** Docker shows every field, even when it is empty. Additional fields of the image stay. */
function fullConfig(config: ContainerConfig): ContainerConfig {
  return {
    Hostname: '',
    Domainname: '',
    User: '',
    AttachStdin: false,
    AttachStdout: false,
    AttachStderr: false,
    Tty: false,
    OpenStdin: false,
    StdinOnce: false,
    Env: null,
    Cmd: null,
    Image: '',
    Volumes: null,
    WorkingDir: '',
    Entrypoint: null,
    OnBuild: null,
    Labels: null,
    ...config,
  };
}
