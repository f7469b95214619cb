import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type CommandResult, command } from './command.ts';
import { GANTRY } from './compose-project.ts';

const DOCKER_COMPOSE = fileURLToPath(new URL('../../.cache/plugins/new/cli-plugins/docker-compose', import.meta.url));

/** docker compose 2.40 and `gantry compose` in one folder, with a cache of fetched projects of its own. Neither has an engine. */
export interface TwoComposes {
  readonly folder: string;
  readonly cache: string;
  readonly env: Readonly<Record<string, string>>;
  write(files: Readonly<Record<string, string>>): void;
  docker(...args: readonly string[]): Promise<CommandResult>;
  gantry(...args: readonly string[]): Promise<CommandResult>;
  emptyCache(): void;
  /** Both print the same, each with an empty cache. Returns it. */
  same(...args: readonly string[]): Promise<string>;
}

export function twoComposes(t: TestContext, given: Readonly<Record<string, string>> = {}): TwoComposes {
  const top = mkdtempSync(join(tmpdir(), 'gantry-compose-'));
  t.after(() => rmSync(top, { recursive: true, force: true }));
  const [folder, cache] = [join(top, 'project'), join(top, 'cache')];
  mkdirSync(folder);
  const env = {
    ...{ HOME: top, XDG_CACHE_HOME: cache, DOCKER_CONFIG: join(top, 'docker') },
    ...{ DOCKER_HOST: `unix://${top}/no.sock`, GIT_CONFIG_NOSYSTEM: '1', ...given },
  };
  const emptyCache = (): void => rmSync(cache, { recursive: true, force: true });
  const docker = (...args: readonly string[]) => command(DOCKER_COMPOSE, args, { env, cwd: folder });
  const gantry = (...args: readonly string[]) => command(GANTRY, ['compose', ...args], { env, cwd: folder });
  return {
    ...{ folder, cache: join(cache, 'docker-compose'), env, docker, gantry, emptyCache },
    write(files) {
      for (const [path, text] of Object.entries(files)) {
        mkdirSync(dirname(join(folder, path)), { recursive: true });
        writeFileSync(join(folder, path), text);
      }
    },
    async same(...args) {
      emptyCache();
      const theirs = await docker(...args);
      emptyCache();
      const ours = await gantry(...args);
      assert.equal(theirs.code, 0, theirs.stderr);
      assert.equal(ours.code, 0, ours.stderr);
      assert.equal(ours.stdout, theirs.stdout);
      return ours.stdout;
    },
  };
}
