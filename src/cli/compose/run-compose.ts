import type { Cli } from '../cli.ts';
import type { Command } from '../command.ts';
import { HelpRequest } from '../flags/parse.ts';
import { diskWorld } from './disk-world.ts';
import { type Called, calledCommand, namesDockerCommand, runCalled } from './run-own.ts';

/**
 * Runs `compose ARG…`: a command that Gantry has, or else docker's plugin where it is installed. Resolves with the exit code. @throws
 * CliError, EngineError
 */
export async function runCompose(cli: Cli, argv: readonly string[]): Promise<number> {
  const called = calledCommand(argv);
  if (called !== undefined) return runWithHelp(cli, called);
  if (namesDockerCommand(argv)) {
    const { runPlugin } = await import('../plugin/run-plugin.ts');
    const code = await runPlugin(cli, ['compose', ...argv]);
    if (code !== undefined) return code;
  }
  const { explainMissing } = await import('./explain-missing.ts');
  return explainMissing(cli, argv);
}

async function runWithHelp(cli: Cli, called: Called): Promise<number> {
  try {
    return await runCalled(diskWorld(cli), called);
  } catch (error) {
    if (!(error instanceof HelpRequest)) throw error;
    const { commandHelp } = await import('../help.ts');
    const { name, aliases, summary, load } = called.entry;
    const { run: _, ...rest } = await load();
    const command: Command = { ...rest, run: async () => 0 };
    const entry = { path: `compose ${name}`, aliases: aliases.map((alias) => `compose ${alias}`), summary };
    const shown = { entry: { ...entry, load: async () => command }, named: called.named, command };
    cli.out.write(commandHelp(cli.name, shown, process.stdout.columns || 80));
    return 0;
  }
}
