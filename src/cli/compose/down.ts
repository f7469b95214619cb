import { down as applyDown, downProvider, imageOf, LABEL, observe } from '../../compose/index.ts';
import { atLeast } from '../command.ts';
import { CliError } from '../errors.ts';
import { flag } from '../flags/flag.ts';
import { changing } from './changing.ts';
import type { ComposeCommand } from './compose-command.ts';
import { programHost } from './program-host.ts';
import { checkServices, projectOrName } from './select-project.ts';
import { TIMEOUT, timeoutOf } from './shared-flags.ts';

export const down: ComposeCommand = {
  usage: '[OPTIONS] [SERVICES]',
  args: atLeast(0),
  flags: [
    flag('--remove-orphans', 'bool', 'Remove containers of services that the Compose files do not have'),
    flag('--rmi', 'string', 'Remove images of services ("local": those without a name in the files, "all")'),
    TIMEOUT,
    flag('-v, --volumes', 'bool', 'Remove the named volumes of the project, and anonymous ones of its containers'),
  ],
  examples: ['compose down', 'compose down -v --remove-orphans', 'compose -p app down'],
  async run(call, services, flags) {
    const rmi = flags.string('rmi');
    if (rmi !== '' && rmi !== 'local' && rmi !== 'all') throw new CliError(1, `invalid value for --rmi: "${rmi}"`);
    const project = await projectOrName(call);
    checkServices(project, services);
    const all = [...project.services.values(), ...project.disabledServices.values()];
    const images = rmi === '' ? [] : all.map((service) => imageOf(project, service));
    const running = await observe(call.world.cli.client, project.name, images);
    const hasNetwork = running.networks.some(({ labels }) => labels[LABEL.project] === project.name);
    const hasProvider = [...project.services.values()].some(({ provider }) => provider !== undefined);
    if (running.containers.length === 0 && !hasNetwork && !hasProvider)
      call.warnings.warn(`No resource found to remove for project "${project.name}".`);
    await changing(call, { project }, (context) =>
      applyDown(context, running, {
        services,
        removesOrphans: flags.bool('remove-orphans'),
        removesVolumes: flags.bool('volumes'),
        images: rmi === '' ? 'none' : rmi,
        timeoutSeconds: timeoutOf(flags),
        downProvider: (service) => downProvider(context, service, programHost(call.world.cli)),
      }),
    );
    return 0;
  },
};
