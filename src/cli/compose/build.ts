import { bakeFile, withDependencies, writeJson } from '../../compose/index.ts';
import { atLeast } from '../command.ts';
import { CliError } from '../errors.ts';
import { flag } from '../flags/flag.ts';
import { changing, isDryRun } from './changing.ts';
import type { ComposeCommand } from './compose-command.ts';
import { checkServices, projectOf } from './select-project.ts';

export const build: ComposeCommand = {
  usage: '[OPTIONS] [SERVICE...]',
  args: atLeast(0),
  flags: [
    flag('--build-arg', 'list', 'Set a build argument (NAME=VALUE)'),
    flag('--builder', 'string', 'Choose the builder: the engine is the only one'),
    flag('--check', 'bool', 'Check the Dockerfiles, and build nothing'),
    flag('--no-cache', 'bool', 'Do not use the cache'),
    flag('--print', 'bool', 'Print the builds as a file for "docker buildx bake", and build nothing'),
    flag('--provenance', 'string', 'Add an attestation of how the images were built'),
    flag('--pull', 'bool', 'Ask the registries for newer base images'),
    flag('--push', 'bool', 'Push the images that were built'),
    flag('-q, --quiet', 'bool', 'Build without progress'),
    flag('--sbom', 'string', 'Add an attestation of what the images hold'),
    flag('--ssh', 'string', 'Offer an SSH agent to the builds ("default")'),
    flag('--with-dependencies', 'bool', 'Build what the services depend on too'),
    ...['--compress', '--force-rm', '--no-rm', '--parallel'].map((name) => flag(name, 'bool', '', { hidden: true })),
    flag('-m, --memory', 'bytes', '', { hidden: true }),
    flag('--progress', 'string', '', { hidden: true }),
  ],
  examples: ['compose build', 'compose build --no-cache web', 'compose build --build-arg VERSION=2'],
  async run(call, names, flags) {
    const builder = flags.string('builder');
    if (builder !== '' && builder !== 'default') throw new CliError(1, `ERROR: no builder "${builder}" found`);
    const project = await projectOf(call, names);
    checkServices(project, names);
    const wanted = names.length === 0 ? [...project.services.keys()] : names;
    const all = flags.bool('with-dependencies') ? [...withDependencies(project, wanted)] : wanted;
    const services = all.filter((name) => project.services.get(name)?.build !== undefined);
    if (services.length === 0) {
      call.warnings.warn('No services to build');
      return 0;
    }
    const choices = {
      ...{ isPulling: flags.bool('pull'), noCache: flags.bool('no-cache'), pushes: flags.bool('push') },
      ...{ args: flags.list('build-arg'), ssh: flags.string('ssh') },
      ...{ provenance: flags.string('provenance'), sbom: flags.string('sbom'), checks: flags.bool('check') },
    };
    if (flags.bool('print')) {
      call.world.out.line(writeJson(bakeFile(project, services, choices), '  '));
      return 0;
    }
    const { buildServices, checkServiceBuilds } = await import('./build-services.ts');
    if (choices.checks)
      return await changing(call, { project }, ({ signal }) =>
        checkServiceBuilds(call, project, { services, choices, isQuiet: flags.bool('quiet') }, signal),
      );
    await changing(call, { project }, async ({ signal, report }) => {
      if (isDryRun(call)) for (const id of services) report({ id, text: 'Built', status: 'done' });
      else await buildServices(call, project, { services, choices, isQuiet: flags.bool('quiet') }, signal);
    });
    return 0;
  },
};
