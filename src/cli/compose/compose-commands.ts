import type { ComposeCommand } from './compose-command.ts';

export interface ComposeEntry {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly summary: string;
  readonly load: () => Promise<ComposeCommand>;
}

function entry(
  name: string,
  summary: string,
  load: () => Promise<ComposeCommand>,
  aliases: readonly string[] = [],
): ComposeEntry {
  return { name, aliases, summary, load };
}

const lifecycle = () => import('./lifecycle-commands.ts');
const container = () => import('./container-commands.ts');
const project = () => import('./project-commands.ts');
const image = () => import('./image-commands.ts');
const listing = () => import('./listings.ts');

/** The commands of `compose` that Gantry has. Docker's plugin runs the others where it is installed. */
export const COMPOSE_COMMANDS: readonly ComposeEntry[] = [
  entry('attach', 'Attach to the output and input of a container', async () => (await container()).attach),
  entry('build', 'Build the images of services', async () => (await import('./build.ts')).build),
  entry('commit', 'Create an image from the changes in a container', async () => (await container()).commit),
  entry(
    'config',
    'Check the Compose files and print the project in canonical form',
    async () => (await import('./config/config.ts')).config,
    ['convert'],
  ),
  entry('cp', 'Copy files between a container and this machine', async () => (await project()).cp),
  entry('create', 'Create the containers of services', async () => (await import('./up.ts')).create),
  entry('down', 'Stop and remove containers and networks', async () => (await import('./down.ts')).down),
  entry('events', 'Show the events of containers as they happen', async () => (await project()).events),
  entry('exec', 'Run a command in a running container', async () => (await import('./exec.ts')).exec),
  entry('export', "Print a container's files as a tar archive", async () => (await container()).exportFiles),
  entry('graph', 'Draw services, dependencies and resources', async () => (await import('./graph.ts')).graph),
  entry('images', 'List the images of the containers', async () => (await listing()).images),
  entry('kill', 'Kill the containers of services', async () => (await lifecycle()).kill),
  entry('logs', 'Show the output of containers', async () => (await import('./logs.ts')).logs),
  entry('ls', 'List projects', async () => (await import('./ls.ts')).ls),
  entry('pause', 'Pause services', async () => (await lifecycle()).pause),
  entry('plan', 'Show what "up" would change, and why', async () => (await import('./plan.ts')).plan),
  entry('port', 'Print the public port of a port', async () => (await container()).port),
  entry('ps', 'List containers', async () => (await import('./ps.ts')).ps),
  entry(
    'publish',
    'Publish a project to a registry, as an OCI artifact',
    async () => (await import('./publish/publish.ts')).publish,
  ),
  entry('pull', 'Pull the images of services', async () => (await image()).pull),
  entry('push', 'Push the images of services', async () => (await image()).push),
  entry('restart', 'Restart services', async () => (await lifecycle()).restart),
  entry('rm', 'Remove stopped containers', async () => (await lifecycle()).rm),
  entry('run', 'Run a command in a new container of a service', async () => (await import('./run.ts')).run),
  entry('scale', 'Change the number of containers of services', async () => (await project()).scale),
  entry('start', 'Start services', async () => (await lifecycle()).start),
  entry('stats', 'Show the use of resources by containers', async () => (await project()).stats),
  entry('stop', 'Stop services', async () => (await lifecycle()).stop),
  entry('top', 'Show the processes of containers', async () => (await listing()).top),
  entry('unpause', 'Unpause services', async () => (await lifecycle()).unpause),
  entry('up', 'Create and start containers', async () => (await import('./up.ts')).up),
  entry('version', 'Show the version of Compose that this is equal to', async () => (await project()).version),
  entry('volumes', 'List volumes', async () => (await listing()).volumes),
  entry('watch', 'Follow files, and copy, rebuild or restart', async () => (await import('./watch.ts')).watch),
  entry('wait', 'Wait until the first container of services ends', async () => (await project()).wait),
];

export function findComposeCommand(word: string | undefined): ComposeEntry | undefined {
  return COMPOSE_COMMANDS.find(({ name, aliases }) => word !== undefined && (name === word || aliases.includes(word)));
}
