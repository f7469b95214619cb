import type { Command } from './command.ts';

export interface CommandEntry {
  /** Full name: `container stop`. */
  readonly path: string;
  /** Other names of it, full as well: `stop`. The first is the one that help texts use. */
  readonly aliases: readonly string[];
  readonly summary: string;
  readonly load: () => Promise<Command>;
}

/** Nouns that have subcommands, with what help says of them. */
export const NOUNS: Readonly<Record<string, string>> = {
  container: 'Work with containers',
  image: 'Work with images',
  manifest: 'Make images for several platforms out of pushed ones',
  network: 'Work with networks',
  registry: 'Run a registry',
  system: 'Look after the engine',
  volume: 'Work with volumes',
};

function entry(path: string, aliases: readonly string[], summary: string, load: () => Promise<Command>): CommandEntry {
  return { path, aliases, summary, load };
}

/** Every command that works. What docker has beyond these is in `not-yet.ts`. */
export const COMMANDS: readonly CommandEntry[] = [
  entry(
    'container attach',
    ['attach'],
    "Connect this terminal to a running container's input and output",
    async () => (await import('./container/attach.ts')).attach,
  ),
  entry(
    'container commit',
    ['commit'],
    "Make an image of a container's changes",
    async () => (await import('./container/commit.ts')).commit,
  ),
  entry(
    'container cp',
    ['cp'],
    'Copy files between a container and here',
    async () => (await import('./container/cp.ts')).cp,
  ),
  entry(
    'container create',
    ['create'],
    'Make a container without starting it',
    async () => (await import('./container/create.ts')).create,
  ),
  entry(
    'container diff',
    ['diff'],
    'List what a container changed in its file system',
    async () => (await import('./container/diff.ts')).diff,
  ),
  entry(
    'container exec',
    ['exec'],
    'Run another command in a running container',
    async () => (await import('./container/exec.ts')).exec,
  ),
  entry(
    'container export',
    ['export'],
    "Write a container's root file system as a tar",
    async () => (await import('./container/export.ts')).exportContainer,
  ),
  entry(
    'container inspect',
    [],
    'Show everything about containers',
    async () => (await import('./container/inspect.ts')).inspectContainer,
  ),
  entry(
    'container kill',
    ['kill'],
    'Send a signal to running containers, SIGKILL unless told',
    async () => (await import('./container/kill.ts')).kill,
  ),
  entry(
    'container logs',
    ['logs'],
    'Show what a container has printed',
    async () => (await import('./container/logs.ts')).logs,
  ),
  entry(
    'container ls',
    ['ps', 'container list', 'container ps'],
    'List containers',
    async () => (await import('./container/ls.ts')).listContainers,
  ),
  entry(
    'container pause',
    ['pause'],
    'Freeze all processes of containers',
    async () => (await import('./container/pause.ts')).pause,
  ),
  entry(
    'container port',
    ['port'],
    'Show which ports of a container are published where',
    async () => (await import('./container/port.ts')).port,
  ),
  entry(
    'container prune',
    [],
    'Remove all stopped containers',
    async () => (await import('./container/prune.ts')).pruneContainers,
  ),
  entry(
    'container rename',
    ['rename'],
    'Give a container another name',
    async () => (await import('./container/rename.ts')).rename,
  ),
  entry(
    'container restart',
    ['restart'],
    'Stop containers and start them again',
    async () => (await import('./container/restart.ts')).restart,
  ),
  entry(
    'container rm',
    ['rm', 'container remove'],
    'Remove containers',
    async () => (await import('./container/rm.ts')).removeContainers,
  ),
  entry(
    'container run',
    ['run'],
    'Make a container from an image and run it',
    async () => (await import('./container/run.ts')).run,
  ),
  entry(
    'container start',
    ['start'],
    'Start stopped containers',
    async () => (await import('./container/start.ts')).start,
  ),
  entry(
    'container stats',
    ['stats'],
    'Watch what containers use of the machine',
    async () => (await import('./container/stats.ts')).stats,
  ),
  entry('container stop', ['stop'], 'Stop running containers', async () => (await import('./container/stop.ts')).stop),
  entry(
    'container top',
    ['top'],
    'List the processes of a container',
    async () => (await import('./container/top.ts')).top,
  ),
  entry(
    'container unpause',
    ['unpause'],
    'Let frozen containers run on',
    async () => (await import('./container/unpause.ts')).unpause,
  ),
  entry(
    'container update',
    ['update'],
    'Change the limits of containers',
    async () => (await import('./container/update.ts')).update,
  ),
  entry(
    'container wait',
    ['wait'],
    'Wait until containers stop and print their exit codes',
    async () => (await import('./container/wait.ts')).wait,
  ),
  entry(
    'image history',
    ['history'],
    'Show the steps that an image was made by',
    async () => (await import('./image/history.ts')).history,
  ),
  entry(
    'image import',
    ['import'],
    'Make an image from a tar of a root file system',
    async () => (await import('./image/import.ts')).importImage,
  ),
  entry(
    'image inspect',
    [],
    'Show everything about images',
    async () => (await import('./image/inspect.ts')).inspectImage,
  ),
  entry(
    'image load',
    ['load'],
    'Load images from an archive that save made',
    async () => (await import('./image/load.ts')).load,
  ),
  entry('image ls', ['images', 'image list'], 'List images', async () => (await import('./image/ls.ts')).listImages),
  entry(
    'image prune',
    [],
    'Remove images that nothing uses',
    async () => (await import('./image/prune.ts')).pruneImages,
  ),
  entry('image pull', ['pull'], 'Fetch an image from a registry', async () => (await import('./image/pull.ts')).pull),
  entry('image push', ['push'], 'Send an image to a registry', async () => (await import('./image/push.ts')).push),
  entry('image rm', ['rmi', 'image remove'], 'Remove images', async () => (await import('./image/rm.ts')).removeImages),
  entry('image save', ['save'], 'Write images into a tar archive', async () => (await import('./image/save.ts')).save),
  entry('image tag', ['tag'], 'Give an image another name', async () => (await import('./image/tag.ts')).tag),
  entry(
    'inspect',
    [],
    'Show everything about any object of the engine',
    async () => (await import('./system/inspect.ts')).inspect,
  ),
  entry('login', [], 'Log in to a registry', async () => (await import('./credentials/login.ts')).login),
  entry('logout', [], 'Log out from a registry', async () => (await import('./credentials/logout.ts')).logout),
  entry(
    'manifest annotate',
    [],
    'Say what platform an image of a list is for',
    async () => (await import('./manifest/annotate.ts')).annotateManifest,
  ),
  entry(
    'manifest create',
    [],
    'Make a list of images for several platforms',
    async () => (await import('./manifest/create.ts')).createManifestList,
  ),
  entry(
    'manifest inspect',
    [],
    'Show a manifest or a list of them',
    async () => (await import('./manifest/inspect.ts')).inspectManifest,
  ),
  entry(
    'manifest push',
    [],
    'Send a list to its registry',
    async () => (await import('./manifest/push.ts')).pushManifestList,
  ),
  entry(
    'manifest rm',
    [],
    'Remove lists from this machine',
    async () => (await import('./manifest/rm.ts')).removeManifestLists,
  ),
  entry(
    'network connect',
    [],
    'Attach a container to a network',
    async () => (await import('./network/connect.ts')).connect,
  ),
  entry('network create', [], 'Make a network', async () => (await import('./network/create.ts')).createNetwork),
  entry(
    'network disconnect',
    [],
    'Detach a container from a network',
    async () => (await import('./network/disconnect.ts')).disconnect,
  ),
  entry(
    'network inspect',
    [],
    'Show everything about networks',
    async () => (await import('./network/inspect.ts')).inspectNetwork,
  ),
  entry('network ls', ['network list'], 'List networks', async () => (await import('./network/ls.ts')).listNetworks),
  entry(
    'network prune',
    [],
    'Remove networks that nothing uses',
    async () => (await import('./network/prune.ts')).pruneNetworks,
  ),
  entry(
    'network rm',
    ['network remove'],
    'Remove networks',
    async () => (await import('./network/rm.ts')).removeNetworks,
  ),
  entry('registry serve', [], 'Serve a registry', async () => (await import('./registry/serve.ts')).serve),
  entry('search', [], 'Search a registry for images', async () => (await import('./image/search.ts')).search),
  entry(
    'system check',
    [],
    'Verify images, layers and everything else on the disk',
    async () => (await import('./system/check.ts')).check,
  ),
  entry('system df', [], 'Show how much disk the engine uses', async () => (await import('./system/df.ts')).df),
  entry(
    'system dial-stdio',
    [],
    "Connect standard input and output to the engine's socket",
    async () => (await import('./system/dial-stdio.ts')).dialStdio,
  ),
  entry(
    'system events',
    ['events'],
    'Watch what happens in the engine',
    async () => (await import('./system/events.ts')).events,
  ),
  entry(
    'system info',
    ['info'],
    'Describe the engine and its machine',
    async () => (await import('./system/info.ts')).info,
  ),
  entry(
    'system prune',
    [],
    'Remove everything that nothing uses',
    async () => (await import('./system/prune.ts')).pruneSystem,
  ),
  entry(
    'version',
    [],
    'Show the versions of the command line and the engine',
    async () => (await import('./system/version.ts')).version,
  ),
  entry('volume create', [], 'Make a volume', async () => (await import('./volume/create.ts')).createVolume),
  entry(
    'volume inspect',
    [],
    'Show everything about volumes',
    async () => (await import('./volume/inspect.ts')).inspectVolume,
  ),
  entry('volume ls', ['volume list'], 'List volumes', async () => (await import('./volume/ls.ts')).listVolumes),
  entry(
    'volume prune',
    [],
    'Remove volumes that nothing uses',
    async () => (await import('./volume/prune.ts')).pruneVolumes,
  ),
  entry('volume rm', ['volume remove'], 'Remove volumes', async () => (await import('./volume/rm.ts')).removeVolumes),
  entry(
    'volume update',
    [],
    'Change a volume of a cluster',
    async () => (await import('./volume/update.ts')).updateVolume,
  ),
];

/** The command that these words begin with, and how many of them name it. */
export function findCommand(
  words: readonly string[],
): { entry: CommandEntry; named: string; count: number } | undefined {
  for (const count of [2, 1]) {
    if (words.length < count) continue;
    const named = words.slice(0, count).join(' ');
    const found = COMMANDS.find(({ path, aliases }) => path === named || aliases.includes(named));
    if (found !== undefined) return { entry: found, named, count };
  }
  return undefined;
}
