import { Cli } from '../cli.ts';
import { HelpRequest } from '../flags/parse.ts';
import { reportFailure } from '../run-command.ts';
import { diskWorld } from './disk-world.ts';
import { calledCommand, runCalled } from './run-own.ts';

/**
 * Runs a command of `compose` that Gantry has, without the rest of the program: bundled alone, it starts faster. Resolves with
 * undefined when the whole program is needed.
 */
export async function startCompose(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<number | undefined> {
  if (env['DOCKER_CONTEXT'] || env['DOCKER_TLS_VERIFY']) return undefined;
  const called = calledCommand(argv);
  if (called === undefined) return undefined;
  const cli = new Cli({ hosts: [], debug: false }, env);
  try {
    return await runCalled(diskWorld(cli), called);
  } catch (error) {
    return error instanceof HelpRequest ? undefined : reportFailure(cli, error);
  } finally {
    cli.close();
  }
}
