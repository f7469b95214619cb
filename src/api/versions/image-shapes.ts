import { compareVersions } from '../../base/versions.ts';
import type { ImageInspect, ImageSummary } from '../../images/index.ts';

/**
 * Adapts an inspected image. Before 1.45 it has the container from which it was committed, which old Compose reads
 * without a check. Before 1.44 it has its size twice. From 1.48 on it has its descriptor, and its manifests if they
 * were requested. From 1.50 on it lacks fields that only containers fill, and from 1.52 on empty fields.
 */
export function imageInspectFor(version: string, { Descriptor, Manifests, ...plain }: ImageInspect): object {
  const image = {
    ...plain,
    ...(compareVersions(version, '1.48') < 0 ? {} : { Descriptor, ...(Manifests === undefined ? {} : { Manifests }) }),
  };
  if (compareVersions(version, '1.52') >= 0) {
    return withoutEmpty({ ...image, Config: withoutEmpty(ownConfig(image.Config), OFTEN_EMPTY) }, OFTEN_EMPTY);
  }
  if (compareVersions(version, '1.50') >= 0) return { ...image, Config: ownConfig(image.Config) };
  if (compareVersions(version, '1.45') >= 0) return image;
  const container = { Container: '', ContainerConfig: image.Config };
  return compareVersions(version, '1.44') >= 0
    ? { ...image, ...container }
    : { ...image, ...container, VirtualSize: image.Size };
}

/** Docker showed an image's configuration as a container's, with fields that have no meaning for images. */
function ownConfig(config: ImageInspect['Config']): object {
  return Object.fromEntries(Object.entries(config).filter(([name]) => !OF_CONTAINERS.has(name)));
}

function withoutEmpty(fields: object, names: ReadonlySet<string>): object {
  const isEmpty = (value: unknown): boolean =>
    value === '' || value === null || (typeof value === 'object' && Object.keys(value).length === 0);
  return Object.fromEntries(Object.entries(fields).filter(([name, value]) => !names.has(name) || !isEmpty(value)));
}

const OFTEN_EMPTY: ReadonlySet<string> = new Set([
  ...['Cmd', 'Entrypoint', 'Env', 'Labels', 'OnBuild', 'User', 'Volumes', 'WorkingDir'],
  ...['Parent', 'Comment', 'DockerVersion', 'Author'],
]);

const OF_CONTAINERS: ReadonlySet<string> = new Set([
  ...[
    'Hostname',
    'Domainname',
    'AttachStdin',
    'AttachStdout',
    'AttachStderr',
    'Tty',
    'OpenStdin',
    'StdinOnce',
    'Image',
  ],
  ...['NetworkDisabled', 'MacAddress', 'StopTimeout'],
]);

/**
 * Adapts a list of images: before 1.44 with the size twice, before 1.43 with placeholders for missing names, from 1.47
 * on with manifests, and from 1.48 on with the descriptor.
 */
export function imageListFor(version: string, summaries: readonly ImageSummary[]): readonly object[] {
  if (compareVersions(version, '1.48') >= 0) return summaries;
  const images = summaries.map(({ Descriptor: _descriptor, Manifests, ...image }) => ({
    ...image,
    ...(Manifests === undefined || compareVersions(version, '1.47') < 0 ? {} : { Manifests }),
  }));
  if (compareVersions(version, '1.44') >= 0) return images;
  const placeholders = compareVersions(version, '1.43') < 0;
  return images.map((image) => ({
    ...image,
    VirtualSize: image.Size,
    ...(placeholders && image.RepoTags.length === 0 ? { RepoTags: ['<none>:<none>'] } : {}),
    ...(placeholders && image.RepoDigests.length === 0 ? { RepoDigests: ['<none>@<none>'] } : {}),
  }));
}
