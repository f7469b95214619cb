import { fileURLToPath } from 'node:url';
import { lacksPlugins, PLUGIN_AGES, pluginConfig } from './client-plugins.ts';
import { command } from './command.ts';

/** A Compose program, ours or an unmodified one. */
export interface ComposeClient {
  readonly name: string;
  readonly program: readonly [string, ...string[]];
  /** Makes the folder for DOCKER_CONFIG. */
  readonly config: (folder: string) => string;
  /** Why the client is not tested here. */
  readonly skip: string | false;
}

/** Our Compose; Compose as a plugin of the docker CLI, the newest and an old one; and Debian's older docker-compose. */
export const COMPOSE_CLIENTS: readonly ComposeClient[] = [
  {
    name: 'gantry compose',
    program: [fileURLToPath(new URL('../../bin/gantry', import.meta.url)), 'compose'],
    config: (folder) => folder,
    skip: false,
  },
  ...PLUGIN_AGES.map(
    (age): ComposeClient => ({
      name: `docker compose (${age})`,
      program: ['docker', 'compose'],
      config: (folder) => pluginConfig(folder, age),
      skip: lacksPlugins(age),
    }),
  ),
  {
    name: 'docker-compose',
    program: ['docker-compose'],
    config: (folder) => folder,
    skip:
      (await command('docker-compose', ['version', '--short']).catch(() => undefined))?.code === 0
        ? false
        : 'no docker-compose is installed',
  },
];
