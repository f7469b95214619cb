import { messageOf } from '../../base/errors.ts';
import type { Command } from '../command.ts';
import { CliError, UsageError } from '../errors.ts';
import { type Flags, HelpRequest, parseFlags } from '../flags/parse.ts';
import { runCommand } from '../run-command.ts';
import { type ComposeEntry, findComposeCommand } from './compose-commands.ts';
import type { ComposeWorld } from './compose-world.ts';
import { ROOT_FLAGS } from './root-flags.ts';
import { Warnings } from './warnings.ts';

/** A command of Gantry's on a command line. */
export interface Called {
  readonly entry: ComposeEntry;
  readonly named: string;
  readonly root: Flags;
  readonly argv: readonly string[];
}

/** Undefined when the words after `compose` name no command of Gantry's. */
export function calledCommand(argv: readonly string[]): Called | undefined {
  try {
    const { flags, args } = parseFlags(ROOT_FLAGS, argv, { interspersed: false });
    const [named = '', ...rest] = args;
    const entry = findComposeCommand(named);
    return entry === undefined ? undefined : { entry, named: `compose ${named}`, root: flags, argv: rest };
  } catch (error) {
    if (error instanceof UsageError || error instanceof HelpRequest) return undefined;
    throw error;
  }
}

/** Commands of docker's Compose that Gantry does not have, and why. */
export const OF_DOCKER: ReadonlyMap<string, { readonly summary: string; readonly reason: string }> = new Map([
  [
    'alpha',
    {
      summary: 'Trials of docker compose',
      reason: 'its commands are trials of docker compose, which change or go with any release',
    },
  ],
  [
    'bridge',
    {
      summary: 'Convert a project for another platform',
      reason:
        'it converts projects by images that Docker publishes, and these know only what docker compose tells them',
    },
  ],
]);

/** Whether the words after `compose` name a command that docker's plugin has, and Gantry does not. */
export function namesDockerCommand(argv: readonly string[]): boolean {
  try {
    const { args } = parseFlags(ROOT_FLAGS, argv, { interspersed: false });
    return OF_DOCKER.has(args[0] ?? '');
  } catch (error) {
    if (error instanceof UsageError || error instanceof HelpRequest) return false;
    throw error;
  }
}

/** Runs a command of Gantry's. Resolves with the exit code. @throws CliError, EngineError, HelpRequest */
export async function runCalled(world: ComposeWorld, { entry, named, root, argv }: Called): Promise<number> {
  const form = checkRoot(world, root) === 'json' ? 'json' : 'text';
  const { run, ...rest } = await entry.load();
  const warnings = new Warnings(world.err, form);
  const given: Command = { ...rest, run: (_cli, args, flags) => run({ world, root, warnings }, args, flags) };
  try {
    // Wrong flags end with 1, as with docker compose.
    return await runCommand(world.cli, { named, command: given, usageExitCode: 1 }, argv);
  } catch (error) {
    if (form === 'text' || error instanceof HelpRequest) throw error;
    throw new CliError(1, JSON.stringify({ error: true, message: messageOf(error) }), { cause: error });
  }
}

const PROGRESS = ['', 'auto', 'tty', 'plain', 'json', 'quiet', 'none'];

/** Checks flags before the command against each other. Returns the type of progress. @throws CliError in Compose's words */
function checkRoot({ err, env }: ComposeWorld, root: Flags): string {
  if (root.bool('no-ansi')) {
    if (root.string('ansi') !== 'auto')
      throw new CliError(1, 'cannot specify DEPRECATED "--no-ansi" and "--ansi". Please use only "--ansi"');
    err.line("option '--no-ansi' is DEPRECATED ! Please use '--ansi' instead.");
  }
  const ansi = root.bool('no-ansi')
    ? 'never'
    : root.changed('ansi')
      ? root.string('ansi')
      : (env['COMPOSE_ANSI'] ?? root.string('ansi'));
  const progress = root.changed('progress') ? root.string('progress') : (env['COMPOSE_PROGRESS'] ?? '');
  if (progress === 'tty' && ansi === 'never')
    throw new CliError(1, "can't use --progress tty while ANSI support is disabled");
  if (progress === 'plain' && ansi === 'always')
    throw new CliError(1, "can't use --progress plain while ANSI support is forced");
  if (!PROGRESS.includes(progress)) throw new CliError(1, `unsupported --progress value ${JSON.stringify(progress)}`);
  if (root.changed('workdir')) {
    if (root.string('project-directory') !== '')
      throw new CliError(
        1,
        'cannot specify DEPRECATED "--workdir" and "--project-directory". Please use only "--project-directory" instead',
      );
    err.line("option '--workdir' is DEPRECATED at root level! Please use '--project-directory' instead.");
  }
  return progress;
}
