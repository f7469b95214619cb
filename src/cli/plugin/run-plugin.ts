import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { messageOf } from '../../base/errors.ts';
import type { Cli } from '../cli.ts';
import { CliError } from '../errors.ts';
import { findPlugin, pluginFolders } from './find-plugin.ts';

/** By it docker tells a plugin what was called. A plugin that calls gantry again gets no plugin. */
export const CALLED_AS = 'DOCKER_CLI_PLUGIN_ORIGINAL_CLI_COMMAND';
/** Further signals go to both processes by their terminal. */
const PASSED_ON = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;

/**
 * Runs the plugin of docker's command line that has the name of a command, as docker does: `docker-NAME NAME ARG…`. Resolves with its
 * exit code. Undefined where there is no such plugin. @throws CliError when it cannot be started
 */
export async function runPlugin(cli: Cli, words: readonly string[]): Promise<number | undefined> {
  const [name = ''] = words;
  if (cli.env[CALLED_AS] !== undefined) return undefined;
  const { dir } = cli.config;
  const program = findPlugin(name, pluginFolders(cli.config));
  if (program === undefined) return undefined;
  const env = { ...cli.env, ...engineOf(cli), DOCKER_CONFIG: dir, [CALLED_AS]: process.argv[1] ?? cli.name };
  const child = spawn(program, words, { stdio: 'inherit', env });
  const passOn = (signal: NodeJS.Signals): void => void child.kill(signal);
  for (const signal of PASSED_ON) process.on(signal, passOn);
  try {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal ?? 'SIGKILL']));
    return await promise;
  } catch (error) {
    throw new CliError(1, `cannot run the plugin ${program}: ${messageOf(error)}`, { cause: error });
  } finally {
    for (const signal of PASSED_ON) process.off(signal, passOn);
  }
}

/** The engine that the user named for gantry. */
function engineOf({ options: { hosts, tls } }: Cli): Readonly<Record<string, string>> {
  const host = hosts.at(-1);
  return {
    ...(host === undefined ? {} : { DOCKER_HOST: host }),
    ...(tls?.verify === true ? { DOCKER_TLS_VERIFY: '1' } : {}),
  };
}
