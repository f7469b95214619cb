import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The releases of buildx and Compose that setup has downloaded: buildx 0.13 and 0.29, Compose 2.26 and 2.40. */
export const PLUGIN_AGES = ['new', 'old'] as const;
export type PluginAge = (typeof PLUGIN_AGES)[number];

const CACHE = fileURLToPath(new URL('../../.cache/plugins', import.meta.url));

/** Why tests with the plugins cannot run here. False where they can. */
export function lacksPlugins(age: PluginAge): string | false {
  return existsSync(join(CACHE, age)) ? false : `no ${age} buildx and Compose: npm run setup could not download them`;
}

/** Makes a folder for DOCKER_CONFIG with the plugins. buildx keeps its state there. */
export function pluginConfig(folder: string, age: PluginAge): string {
  const config = join(folder, `docker-${age}`);
  mkdirSync(config, { recursive: true });
  const plugins = join(config, 'cli-plugins');
  if (!existsSync(plugins)) symlinkSync(join(CACHE, age, 'cli-plugins'), plugins);
  return config;
}
