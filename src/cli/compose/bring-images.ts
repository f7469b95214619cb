import {
  ensureImages,
  type ImageSource,
  imageWork,
  observeImages,
  type Project,
  type RunningImage,
} from '../../compose/index.ts';
import { CliError } from '../errors.ts';
import type { Flags } from '../flags/parse.ts';
import { changing, isDryRun } from './changing.ts';
import type { ComposeCall } from './compose-command.ts';

interface Wanted {
  readonly project: Project;
  readonly flags: Flags;
  readonly images: ReadonlyMap<string, RunningImage>;
}

/** Pulls and builds the images that the services of a project lack, or that are to be new. Returns those that are here then. */
export async function bringImages(
  call: ComposeCall,
  { project, flags, images }: Wanted,
): Promise<ReadonlyMap<string, RunningImage>> {
  const pull = flags.string('pull');
  const work = imageWork(project, project.services.values(), images, {
    pull:
      pull === 'policy' ? undefined : pull === 'if_not_present' ? 'missing' : (pull as 'always' | 'missing' | 'never'),
    build:
      flags.bool('build') || pull === 'build'
        ? 'always'
        : flags.declares('no-build') && flags.bool('no-build')
          ? 'never'
          : undefined,
    nowSeconds: Math.floor(Date.now() / 1000),
  });
  if (work.length === 0) return images;
  await changing(call, { project, title: 'Pulling' }, (context) =>
    ensureImages(context, work, imageSource(call, project, flags)),
  );
  const found = await observeImages(
    call.world.cli.client,
    work.map(({ image }) => image),
  );
  return new Map([...images, ...found]);
}

const PULLS = ['always', 'missing', 'never', 'policy', 'build', 'if_not_present'];

/** @throws CliError for a `--pull` that is none of the words */
export function checkPull(flags: Flags): void {
  const pull = flags.string('pull');
  if (!PULLS.includes(pull)) throw new CliError(1, `invalid --pull option "${pull}"`);
}

/** Gets images by this program: its logins, its builder. */
export function imageSource(call: ComposeCall, project: Project, flags: Flags): ImageSource {
  if (isDryRun(call)) return { pull: async () => {}, build: async () => {} };
  const isQuiet = flags.declares('quiet-build') && flags.bool('quiet-build');
  return {
    async pull(image, platform, signal) {
      const { pullQuietly } = await import('./pull-image.ts');
      await pullQuietly(call.world.cli, image, platform, signal);
    },
    async build(services, signal) {
      const { buildServices } = await import('./build-services.ts');
      const choices = { isPulling: false, noCache: false, args: [], pushes: false, ssh: '' };
      await buildServices(call, project, { services, choices, isQuiet }, signal);
    },
  };
}
