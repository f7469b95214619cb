import { invalid } from '../../base/errors.ts';
import type { Project, Service } from '../model/index.ts';
import { imageOf } from '../plan/index.ts';
import type { RunningImage } from '../running/index.ts';

/** How an image gets here. `attempt`: it is pulled, and built when that fails. */
export interface ImageWork {
  readonly service: Service;
  /** Name of the image. */
  readonly image: string;
  readonly kind: 'pull' | 'build' | 'attempt';
}

export interface ImageOptions {
  /** `--pull`. Undefined: each service has its own policy. */
  readonly pull?: 'always' | 'missing' | 'never' | undefined;
  /** `--build`, `--no-build`. */
  readonly build?: 'always' | 'never' | undefined;
  /** Seconds since the epoch. */
  readonly nowSeconds: number;
}

/** What has to be done so that each service has its image: each image once. @throws EngineError invalid */
export function imageWork(
  project: Project,
  services: Iterable<Service>,
  images: ReadonlyMap<string, RunningImage>,
  options: ImageOptions,
): readonly ImageWork[] {
  const work = new Map<string, ImageWork>();
  for (const service of services) {
    if (service.provider !== undefined) continue;
    const image = imageOf(project, service);
    const kind = workOf(service, image, images.get(image), options);
    if (kind !== undefined && !work.has(image)) work.set(image, { service, image, kind });
  }
  return [...work.values()];
}

function workOf(
  service: Service,
  image: string,
  here: RunningImage | undefined,
  options: ImageOptions,
): ImageWork['kind'] | undefined {
  const isHere = here !== undefined;
  const { build, pull_policy } = service;
  const policy = options.pull ?? pull_policy ?? '';
  if (build !== undefined && options.build !== 'never') {
    if (options.build === 'always' || policy === 'build') return 'build';
    if (policy === 'always' && service.image !== undefined) return 'attempt';
    if (isHere) return undefined;
    const isPulled = policy === 'missing' || policy === 'if_not_present';
    return isPulled && service.image !== undefined ? 'attempt' : 'build';
  }
  if (policy === 'always') return 'pull';
  const age = maxAgeSeconds(policy);
  if (isHere) return age !== undefined && options.nowSeconds - (here.taggedSeconds ?? 0) > age ? 'pull' : undefined;
  if (build !== undefined && service.image === undefined) {
    throw invalid(`service "${service.name}" has an image to build, ${image}, which is not here: remove --no-build`);
  }
  return policy === 'never' || policy === 'build' ? undefined : 'pull';
}

const DAY = 86_400;
const UNITS: Readonly<Record<string, number>> = { w: 7 * DAY, d: DAY, h: 3600, m: 60, s: 1 };

/** `daily`, `weekly`, `every_2d`, `every_1h30m`: the age in seconds from which an image is pulled again. */
export function maxAgeSeconds(policy: string): number | undefined {
  if (policy === 'daily') return DAY;
  if (policy === 'weekly') return 7 * DAY;
  const [, period] = /^every_((?:\d+[wdhms])+)$/.exec(policy) ?? [];
  if (period === undefined) return undefined;
  return [...period.matchAll(/(\d+)([wdhms])/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * (UNITS[unit ?? ''] ?? 0),
    0,
  );
}
