import type { Command } from './command.ts';

export interface CommandEntry {
  /** Full name, such as `container stop`. */
  readonly path: string;
  /** Its other names, also in full: `stop`. Help texts use the first one. */
  readonly aliases: readonly string[];
  readonly summary: string;
  readonly load: () => Promise<Command>;
  /**
   * Whether Gantry's own engine lacks the routes. The command works with engines that have them; help does not offer
   * it.
   */
  readonly notYet?: true;
}

/** Nouns with subcommands, with their description in help. */
export const NOUNS: Readonly<Record<string, string>> = {
  builder: 'Manage the builder',
  buildx: "Build images by the names of docker's buildx",
  'buildx history': 'Manage the history of builds',
  'buildx imagetools': 'Look at images of registries',
  container: 'Manage containers',
  image: 'Manage images',
  manifest: 'Manage manifest lists: images for several platforms',
  network: 'Manage networks',
  registry: 'Run a registry server',
  system: 'Manage the engine',
  volume: 'Manage volumes',
  'volume snapshot': 'Manage snapshots of volumes',
};

function entry(path: string, aliases: readonly string[], summary: string, load: () => Promise<Command>): CommandEntry {
  return { path, aliases, summary, load };
}

function notYet(of: CommandEntry): CommandEntry {
  return { ...of, notYet: true };
}

/** Every command of this program. `missing-commands.ts` lists docker's further commands. */
export const COMMANDS: readonly CommandEntry[] = [
  entry('builder prune', [], 'Remove build cache', async () => (await import('./build/prune-cache.ts')).pruneBuilder),
  entry(
    'buildx du',
    ['builder du'],
    'Display the disk usage of the build cache',
    async () => (await import('./build/du.ts')).du,
  ),
  entry(
    'buildx history inspect',
    [],
    'Show how a build came to be and what it has made',
    async () => (await import('./build/inspect-build.ts')).inspectBuild,
  ),
  entry(
    'buildx history logs',
    [],
    'Print the steps and logs of a build',
    async () => (await import('./build/build-history.ts')).buildLogs,
  ),
  entry('buildx history ls', [], 'List builds', async () => (await import('./build/build-history.ts')).listBuilds),
  entry(
    'buildx history rm',
    [],
    'Remove records of builds',
    async () => (await import('./build/build-history.ts')).removeBuilds,
  ),
  entry(
    'buildx imagetools inspect',
    [],
    'Show an image of a registry',
    async () => (await import('./build/inspect-remote-image.ts')).inspectRemoteImage,
  ),
  entry(
    'buildx inspect',
    [],
    'Display detailed information about the builder',
    async () => (await import('./build/builder-list.ts')).inspectBuilder,
  ),
  entry('buildx ls', [], 'List builders', async () => (await import('./build/builder-list.ts')).listBuilders),
  entry(
    'buildx prune',
    [],
    'Remove build cache, within limits',
    async () => (await import('./build/prune-cache.ts')).pruneBuildx,
  ),
  entry(
    'buildx version',
    [],
    'Display the version of this client',
    async () => (await import('./build/buildx-version.ts')).buildxVersion,
  ),
  entry(
    'container attach',
    ['attach'],
    'Attach the terminal to the input and output of a running container',
    async () => (await import('./container/attach.ts')).attach,
  ),
  entry(
    'container commit',
    ['commit'],
    "Create an image from a container's changes",
    async () => (await import('./container/commit.ts')).commit,
  ),
  entry(
    'container cp',
    ['cp'],
    'Copy files between a container and the local file system',
    async () => (await import('./container/cp.ts')).cp,
  ),
  entry(
    'container create',
    ['create'],
    'Create a container without starting it',
    async () => (await import('./container/create.ts')).create,
  ),
  entry(
    'container diff',
    ['diff'],
    "List changes to a container's file system",
    async () => (await import('./container/diff.ts')).diff,
  ),
  entry(
    'container exec',
    ['exec'],
    'Run a command in a running container',
    async () => (await import('./container/exec.ts')).exec,
  ),
  entry(
    'container export',
    ['export'],
    "Export a container's file system as a tar archive",
    async () => (await import('./container/export.ts')).exportCommand,
  ),
  entry(
    'container inspect',
    [],
    'Display detailed information about containers',
    async () => (await import('./container/inspect.ts')).inspect,
  ),
  entry('container kill', ['kill'], 'Kill running containers', async () => (await import('./container/kill.ts')).kill),
  entry(
    'container logs',
    ['logs'],
    'Print the logs of a container',
    async () => (await import('./container/logs.ts')).logs,
  ),
  entry(
    'container ls',
    ['ps', 'container list', 'container ps'],
    'List containers',
    async () => (await import('./container/ls.ts')).ls,
  ),
  entry(
    'container pause',
    ['pause'],
    'Pause all processes in containers',
    async () => (await import('./container/pause.ts')).pause,
  ),
  entry(
    'container port',
    ['port'],
    'List the port mappings of a container',
    async () => (await import('./container/port.ts')).port,
  ),
  entry(
    'container prune',
    [],
    'Remove all stopped containers',
    async () => (await import('./container/prune.ts')).prune,
  ),
  entry(
    'container rename',
    ['rename'],
    'Rename a container',
    async () => (await import('./container/rename.ts')).rename,
  ),
  entry(
    'container restart',
    ['restart'],
    'Restart containers',
    async () => (await import('./container/restart.ts')).restart,
  ),
  entry(
    'container rm',
    ['rm', 'container remove'],
    'Remove containers',
    async () => (await import('./container/rm.ts')).rm,
  ),
  entry(
    'container run',
    ['run'],
    'Create a container from an image and run it',
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
    'Display live resource usage of containers',
    async () => (await import('./container/stats.ts')).stats,
  ),
  entry('container stop', ['stop'], 'Stop running containers', async () => (await import('./container/stop.ts')).stop),
  entry(
    'container top',
    ['top'],
    'List the running processes of a container',
    async () => (await import('./container/top.ts')).top,
  ),
  entry(
    'container unpause',
    ['unpause'],
    'Resume all processes in paused containers',
    async () => (await import('./container/unpause.ts')).unpause,
  ),
  entry(
    'container update',
    ['update'],
    'Update resource limits and restart policies of containers',
    async () => (await import('./container/update.ts')).update,
  ),
  entry(
    'container wait',
    ['wait'],
    'Wait until containers stop, then print their exit codes',
    async () => (await import('./container/wait.ts')).wait,
  ),
  entry(
    'image build',
    ['build', 'builder build', 'buildx build'],
    'Build an image from a Dockerfile',
    async () => (await import('./build/build.ts')).build,
  ),
  entry(
    'image history',
    ['history'],
    'Display the history of an image',
    async () => (await import('./image/history.ts')).history,
  ),
  entry(
    'image import',
    ['import'],
    'Create an image from a tar archive of a root file system',
    async () => (await import('./image/import.ts')).importCommand,
  ),
  entry(
    'image inspect',
    [],
    'Display detailed information about images',
    async () => (await import('./image/inspect.ts')).inspect,
  ),
  entry(
    'image load',
    ['load'],
    'Load images from a tar archive or standard input',
    async () => (await import('./image/load.ts')).load,
  ),
  entry('image ls', ['images', 'image list'], 'List images', async () => (await import('./image/ls.ts')).ls),
  entry('image prune', [], 'Remove unused images', async () => (await import('./image/prune.ts')).prune),
  entry(
    'image pull',
    ['pull'],
    'Download an image from a registry',
    async () => (await import('./image/pull.ts')).pull,
  ),
  entry('image push', ['push'], 'Upload an image to a registry', async () => (await import('./image/push.ts')).push),
  entry('image rm', ['rmi', 'image remove'], 'Remove images', async () => (await import('./image/rm.ts')).rm),
  entry('image save', ['save'], 'Save images to a tar archive', async () => (await import('./image/save.ts')).save),
  entry('image tag', ['tag'], 'Add a tag to an image', async () => (await import('./image/tag.ts')).tag),
  entry(
    'inspect',
    [],
    'Display detailed information about any object of the engine',
    async () => (await import('./system/inspect.ts')).inspect,
  ),
  entry('login', [], 'Log in to a registry', async () => (await import('./system/login.ts')).login),
  entry('logout', [], 'Log out from a registry', async () => (await import('./system/logout.ts')).logout),
  entry(
    'manifest annotate',
    [],
    'Set the platform of an image in a manifest list',
    async () => (await import('./manifest/annotate.ts')).annotateManifest,
  ),
  entry(
    'manifest create',
    [],
    'Create a local manifest list for several platforms',
    async () => (await import('./manifest/create.ts')).createManifestList,
  ),
  entry(
    'manifest inspect',
    [],
    'Display a manifest or a manifest list',
    async () => (await import('./manifest/inspect.ts')).inspectManifest,
  ),
  entry(
    'manifest push',
    [],
    'Upload a manifest list to its registry',
    async () => (await import('./manifest/push.ts')).pushManifestList,
  ),
  entry(
    'manifest rm',
    [],
    'Remove local manifest lists',
    async () => (await import('./manifest/rm.ts')).removeManifestLists,
  ),
  entry(
    'network connect',
    [],
    'Connect a container to a network',
    async () => (await import('./network/connect.ts')).connect,
  ),
  entry('network create', [], 'Create a network', async () => (await import('./network/create.ts')).create),
  entry(
    'network disconnect',
    [],
    'Disconnect a container from a network',
    async () => (await import('./network/disconnect.ts')).disconnect,
  ),
  entry(
    'network inspect',
    [],
    'Display detailed information about networks',
    async () => (await import('./network/inspect.ts')).inspect,
  ),
  entry('network ls', ['network list'], 'List networks', async () => (await import('./network/ls.ts')).ls),
  entry('network prune', [], 'Remove unused networks', async () => (await import('./network/prune.ts')).prune),
  entry('network rm', ['network remove'], 'Remove networks', async () => (await import('./network/rm.ts')).rm),
  entry(
    'registry serve',
    [],
    'Run a registry server in the foreground',
    async () => (await import('./registry/serve.ts')).serve,
  ),
  entry('search', [], 'Search a registry for images', async () => (await import('./image/search.ts')).search),
  entry(
    'system check',
    [],
    'Verify images, layers, containers and volumes on disk',
    async () => (await import('./system/check.ts')).check,
  ),
  entry('system df', [], 'Display disk usage of the engine', async () => (await import('./system/df.ts')).df),
  entry(
    'system dial-stdio',
    [],
    "Forward standard input and output to the engine's socket",
    async () => (await import('./system/dial-stdio.ts')).dialStdio,
  ),
  entry(
    'system events',
    ['events'],
    'Print events of the engine as they occur',
    async () => (await import('./system/events.ts')).events,
  ),
  entry(
    'system info',
    ['info'],
    'Display information about the engine and its host',
    async () => (await import('./system/info.ts')).info,
  ),
  entry('system prune', [], 'Remove unused data', async () => (await import('./system/prune.ts')).prune),
  entry(
    'version',
    [],
    'Display version information of the client and the engine',
    async () => (await import('./system/version.ts')).version,
  ),
  entry(
    'volume clone',
    [],
    'Create a volume with the content of another',
    async () => (await import('./volume/clone.ts')).clone,
  ),
  entry('volume create', [], 'Create a volume', async () => (await import('./volume/create.ts')).create),
  entry(
    'volume export',
    [],
    "Export a volume's content as a tar archive",
    async () => (await import('./volume/export.ts')).exportCommand,
  ),
  entry(
    'volume import',
    [],
    'Restore the content of a volume from a tar archive',
    async () => (await import('./volume/import.ts')).importCommand,
  ),
  entry(
    'volume inspect',
    [],
    'Display detailed information about volumes',
    async () => (await import('./volume/inspect.ts')).inspect,
  ),
  entry('volume ls', ['volume list'], 'List volumes', async () => (await import('./volume/ls.ts')).ls),
  entry('volume prune', [], 'Remove unused volumes', async () => (await import('./volume/prune.ts')).prune),
  entry('volume rename', [], 'Rename a volume', async () => (await import('./volume/rename.ts')).rename),
  entry(
    'volume restore',
    [],
    'Restore the content of a volume from a snapshot',
    async () => (await import('./volume/restore.ts')).restore,
  ),
  entry('volume rm', ['volume remove'], 'Remove volumes', async () => (await import('./volume/rm.ts')).rm),
  entry(
    'volume snapshot create',
    [],
    'Create a snapshot of a volume',
    async () => (await import('./volume/snapshot/create.ts')).create,
  ),
  entry(
    'volume snapshot ls',
    [],
    'List the snapshots of a volume',
    async () => (await import('./volume/snapshot/ls.ts')).ls,
  ),
  entry(
    'volume snapshot rm',
    [],
    'Remove snapshots of a volume',
    async () => (await import('./volume/snapshot/rm.ts')).rm,
  ),
  notYet(
    entry('volume update', [], 'Update a cluster volume', async () => (await import('./volume/update.ts')).update),
  ),
];

/** The noun that these words begin with, of two words where there is one, and the word after it. */
export function findNoun(words: readonly string[]): { noun: string; verb: string | undefined } | undefined {
  for (const count of [2, 1]) {
    const noun = words.slice(0, count).join(' ');
    if (words.length >= count && Object.hasOwn(NOUNS, noun)) return { noun, verb: words[count] };
  }
  return undefined;
}

/** Finds the command that these words begin with, and the number of words that name it. */
export function findCommand(
  words: readonly string[],
): { entry: CommandEntry; named: string; count: number } | undefined {
  for (const count of [3, 2, 1]) {
    if (words.length < count) continue;
    const named = words.slice(0, count).join(' ');
    const found = COMMANDS.find(({ path, aliases }) => path === named || aliases.includes(named));
    if (found !== undefined) return { entry: found, named, count };
  }
  return undefined;
}
