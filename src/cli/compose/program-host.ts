import type { ProgramHost } from '../../compose/index.ts';
import type { Cli } from '../cli.ts';
import { findOnPath, findPlugin, pluginFolders } from '../plugin/find-plugin.ts';

/** Providers and plugins of this machine. */
export function programHost(cli: Cli): ProgramHost {
  return {
    findPlugin: (name) => findPlugin(name, pluginFolders(cli.config)),
    findOnPath: (name) => findOnPath(name, cli.env['PATH'] ?? ''),
    env: { ...cli.env, DOCKER_CONFIG: cli.config.dir },
  };
}
