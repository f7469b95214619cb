import type { ApplyContext } from '../apply/apply-context.ts';
import { forAll } from '../apply/in-order.ts';
import type { ImageWork } from './image-work.ts';

/** What fetches and makes images: programs differ in how they show it, and where logins come from. */
export interface ImageSource {
  /** @throws EngineError */
  pull(image: string, platform: string | undefined, signal: AbortSignal): Promise<void>;
  /** Builds the images of services, those that others need first. @throws EngineError */
  build(services: readonly string[], signal: AbortSignal): Promise<void>;
}

/** Pulls and builds images. What cannot be pulled, but built, is built. @throws EngineError */
export async function ensureImages(
  { report, signal }: ApplyContext,
  work: readonly ImageWork[],
  source: ImageSource,
): Promise<void> {
  const builds = new Set(work.filter(({ kind }) => kind === 'build').map(({ service }) => service.name ?? ''));
  await forAll(
    work.filter(({ kind }) => kind !== 'build'),
    async ({ kind, service, image }) => {
      const id = service.name ?? '';
      report({ id, text: 'Pulling', status: 'working' });
      try {
        await source.pull(image, service.platform, signal);
        report({ id, text: 'Pulled', status: 'done' });
      } catch (error) {
        const text = error instanceof Error ? error.message : String(error);
        const isBuilt = kind === 'attempt';
        report({ id, text: isBuilt ? `Warning ${text}` : `Error ${text}`, status: isBuilt ? 'warning' : 'error' });
        if (!isBuilt) throw error;
        builds.add(id);
      }
    },
  );
  if (builds.size > 0) await source.build([...builds], signal);
}
