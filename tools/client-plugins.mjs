// buildx and Compose as plugins of the docker CLI, for the tests: of two Debian releases. Plain Node 18 code without dependencies.
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { debianRepository, unpackPackages } from './debian-packages.mjs';

/** Debian's releases with the plugins: the old ones that many have (2024), and the newest. */
const SUITES = { old: 'trixie', new: 'forky' };
const PACKAGES = ['docker-buildx', 'docker-compose'];

/**
 * Downloads what is missing into `cache`: `cache/old` and `cache/new` are folders for DOCKER_CONFIG. Returns the reasons why
 * one is missing, one sentence each.
 */
export function downloadPlugins(cache) {
  const missing = Object.entries(SUITES).filter(([name]) => !existsSync(join(cache, name)));
  if (missing.length === 0) return [];
  const repository = debianRepository();
  if (repository === undefined) return ['apt has no repository of Debian, from which buildx and Compose come'];
  mkdirSync(cache, { recursive: true });
  return missing.flatMap(([name, suite]) => {
    const temporary = mkdtempSync(join(cache, `${name}.`));
    try {
      unpackPackages({ repository, suite, names: PACKAGES, folder: temporary });
      mkdirSync(join(temporary, 'config/cli-plugins'), { recursive: true });
      const plugins = join(temporary, 'unpacked/usr/libexec/docker/cli-plugins');
      for (const plugin of PACKAGES) renameSync(join(plugins, plugin), join(temporary, 'config/cli-plugins', plugin));
      renameSync(join(temporary, 'config'), join(cache, name));
      return [];
    } catch (error) {
      return [`buildx and Compose of Debian ${suite} cannot be downloaded: ${error.message}`];
    } finally {
      rmSync(temporary, { recursive: true, force: true });
    }
  });
}
