/** Commands on the images of services: pull, push, images. */

import { messageOf } from '../../base/errors.ts';
import {
  ensureImages,
  forAll,
  imageOf,
  observeImages,
  type Project,
  type Service,
  withDependencies,
} from '../../compose/index.ts';
import { atLeast } from '../command.ts';
import { flag } from '../flags/flag.ts';
import { push as pushCommand } from '../image/push.ts';
import { imageSource } from './bring-images.ts';
import { changing, isDryRun, showDry } from './changing.ts';
import type { ComposeCall, ComposeCommand } from './compose-command.ts';
import { delegate } from './delegate.ts';
import { checkServices, projectOf } from './select-project.ts';

export const pull: ComposeCommand = {
  usage: '[OPTIONS] [SERVICE...]',
  args: atLeast(0),
  flags: [
    flag('--ignore-buildable', 'bool', 'Do not pull images that can be built'),
    flag('--ignore-pull-failures', 'bool', 'Pull what can be pulled, and ignore the others'),
    flag('--include-deps', 'bool', 'Pull the images of dependencies too'),
    flag('--policy', 'string', 'Set which images are pulled ("missing", "always")'),
    flag('-q, --quiet', 'bool', 'Pull without progress'),
    flag('--no-parallel', 'bool', '', { default: 'true', hidden: true }),
    flag('--parallel', 'bool', '', { default: 'true', hidden: true }),
  ],
  examples: ['compose pull', 'compose pull --ignore-buildable web'],
  async run(call, names, flags) {
    const project = await projectOf(call, names);
    checkServices(project, names);
    const services = chosen(project, names, flags.bool('include-deps'));
    const policy = flags.string('policy');
    const images = services.map((service) => imageOf(project, service));
    const here = policy === 'missing' ? await observeImages(call.world.cli.client, images) : new Map();
    await changing(call, { project, title: 'Pulling' }, async (context) => {
      const source = imageSource(call, project, flags);
      await forAll(services, async (service) => {
        const { name: id = '', build, pull_policy } = service;
        const image = imageOf(project, service);
        const isSkipped = build !== undefined && (service.image === undefined || flags.bool('ignore-buildable'));
        if (isSkipped || pull_policy === 'never' || pull_policy === 'build' || here.has(image)) {
          context.report({ id, text: 'Skipped', status: 'done' });
          return;
        }
        try {
          const others = { ...source, build: async () => {} };
          await ensureImages(context, [{ service, image, kind: build === undefined ? 'pull' : 'attempt' }], others);
        } catch (error) {
          if (!flags.bool('ignore-pull-failures')) throw error;
          call.warnings.warn(messageOf(error));
        }
      });
    });
    return 0;
  },
};

export const push: ComposeCommand = {
  usage: '[OPTIONS] [SERVICE...]',
  args: atLeast(0),
  flags: [
    flag('--ignore-push-failures', 'bool', 'Push what can be pushed, and ignore the others'),
    flag('--include-deps', 'bool', 'Push the images of dependencies too'),
    flag('-q, --quiet', 'bool', 'Push without progress'),
  ],
  examples: ['compose push', 'compose push web'],
  async run(call, names, flags) {
    const project = await projectOf(call, names);
    checkServices(project, names);
    const built = chosen(project, names, flags.bool('include-deps')).filter(({ build }) => build !== undefined);
    await pushImages(call, project, built, {
      isQuiet: flags.bool('quiet'),
      ignoresFailures: flags.bool('ignore-push-failures'),
    });
    return 0;
  },
};

interface PushOptions {
  readonly isQuiet: boolean;
  /** Whether a failure is a warning. */
  readonly ignoresFailures: boolean;
}

/** Pushes the images of services that are built. @throws CliError, EngineError */
export async function pushImages(
  call: ComposeCall,
  project: Project,
  services: readonly Service[],
  { isQuiet, ignoresFailures }: PushOptions,
): Promise<void> {
  for (const service of services) {
    if (service.image === undefined) {
      call.warnings.warn(`service "${service.name}" has no name for its image: it is not pushed`);
      continue;
    }
    for (const image of [service.image, ...(service.build?.tags ?? [])]) {
      if (isDryRun(call)) {
        await showDry(call, project, { id: image, doing: 'Pushing', text: 'Pushed' });
        continue;
      }
      try {
        await delegate(call.world.cli, 'push', pushCommand, [...(isQuiet ? ['--quiet'] : []), image]);
      } catch (error) {
        if (!ignoresFailures) throw error;
        call.warnings.warn(messageOf(error));
      }
    }
  }
}

function chosen(project: Project, names: readonly string[], withOthers: boolean) {
  const wanted =
    names.length === 0
      ? new Set(project.services.keys())
      : withOthers
        ? withDependencies(project, names)
        : new Set(names);
  return [...project.services.values()].filter(({ name = '' }) => wanted.has(name));
}
