import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { type CommandResult, command } from '../../test/support/command.ts';
import type { Engine } from '../engines.ts';
import { waitUntilIdle } from '../measure.ts';

const PLUGINS = new URL('../../.cache/plugins/new/cli-plugins', import.meta.url).pathname;

export type BuildClient = 'buildx' | 'classic' | 'gantry';

/** A folder to build, and the real clients. */
export interface BuildContext {
  readonly folder: string;
  /** Name of the image. */
  readonly name: string;
  /** Runs a build of the folder. Returns milliseconds. */
  build(client: BuildClient, ...args: readonly string[]): Promise<number>;
  /** Runs the docker CLI with buildx. @throws Error when it fails */
  docker(args: readonly string[], more?: Readonly<Record<string, string>>): Promise<CommandResult>;
}

/** Measures in a folder of its own, which goes with the images that were built from it. */
export async function inContext<T>(
  { host, checkout }: Pick<Engine, 'host' | 'checkout'>,
  measure: (context: BuildContext) => Promise<T>,
): Promise<T> {
  const home = mkdtempSync(join(tmpdir(), 'bench-build-'));
  const folder = join(home, 'context');
  const name = `bench-build-${process.pid}`;
  mkdirSync(folder);
  mkdirSync(join(home, 'config'));
  symlinkSync(PLUGINS, join(home, 'config/cli-plugins'));
  const env = { DOCKER_HOST: host, DOCKER_CONFIG: join(home, 'config'), BUILDX_NO_DEFAULT_ATTESTATIONS: '1' };
  const run = async (
    file: string,
    args: readonly string[],
    more: Readonly<Record<string, string>> = {},
  ): Promise<CommandResult> => {
    const result = await command(file, args, { env: { ...env, ...more }, timeoutMs: 600_000 });
    if (result.code !== 0) throw new Error(`${file} ${args.join(' ')} ended with ${result.code}: ${result.stderr}`);
    return result;
  };
  try {
    return await measure({
      folder,
      name,
      async build(client, ...args) {
        const from = performance.now();
        const flags = ['build', '-q', '-t', name, ...args, folder];
        if (client === 'gantry') await run(join(checkout, 'bin/gantry'), flags);
        else if (client === 'buildx') await run('docker', ['buildx', ...flags]);
        else await run('docker', flags, { DOCKER_BUILDKIT: '0' });
        return performance.now() - from;
      },
      docker: (args, more) => run('docker', args, more),
    });
  } finally {
    await command('docker', ['rmi', '-f', name], { env });
    rmSync(home, { recursive: true });
  }
}

/** The median of several runs, each on an idle machine. */
export async function medianOf(count: number, once: (index: number) => Promise<number>): Promise<number> {
  const values: number[] = [];
  for (let index = 0; index < count; index += 1) {
    await waitUntilIdle();
    values.push(await once(index));
  }
  return values.toSorted((a, b) => a - b)[Math.floor(count / 2)] ?? Number.NaN;
}
