// `npm run setup -- --docker-plugins [FOLDER]`: makes Gantry's buildx a plugin of the docker CLI. Never over a plugin that is there.
import { lstatSync, mkdirSync, readlinkSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './node.mjs';

/** There is no docker-compose yet: `gantry compose` does not exist. */
const PLUGINS = ['docker-buildx'];
/** Where docker looks for plugins of all users, in its order. */
const SYSTEM_FOLDERS = [
  '/usr/local/lib/docker/cli-plugins',
  '/usr/local/libexec/docker/cli-plugins',
  '/usr/lib/docker/cli-plugins',
  '/usr/libexec/docker/cli-plugins',
];

/**
 * Links the plugins into a folder: by default that of the user, or for root that of all users. A plugin that docker finds in any folder
 * stays the one that it runs. Returns what was done, one sentence each.
 */
export function layPlugins({ folder, home = process.env.HOME ?? '/root', systemFolders = SYSTEM_FOLDERS } = {}) {
  const own = join(process.env.DOCKER_CONFIG ?? join(home, '.docker'), 'cli-plugins');
  const target = folder ?? (process.getuid?.() === 0 ? systemFolders[0] : own);
  return PLUGINS.map((name) => {
    const program = join(root, 'bin', name);
    const known = [target, own, ...systemFolders].map((each) => join(each, name)).find(exists);
    if (known !== undefined && linkOf(known) === program) return `${known} is Gantry's`;
    if (known !== undefined) return `${known} stays: remove it first if docker is to run Gantry's`;
    mkdirSync(target, { recursive: true });
    symlinkSync(program, join(target, name));
    return `${join(target, name)} runs Gantry's`;
  });
}

function exists(path) {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function linkOf(path) {
  return lstatSync(path).isSymbolicLink() ? readlinkSync(path) : undefined;
}
