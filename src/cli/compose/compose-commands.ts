import type { ComposeCommand } from './compose-command.ts';

export interface ComposeEntry {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly summary: string;
  readonly load: () => Promise<ComposeCommand>;
}

/** The commands of `compose` that Gantry has. Docker's plugin runs the others where it is installed. */
export const COMPOSE_COMMANDS: readonly ComposeEntry[] = [
  {
    name: 'config',
    aliases: ['convert'],
    summary: 'Check the Compose files and print the project in canonical form',
    load: async () => (await import('./config/config.ts')).config,
  },
];

export function findComposeCommand(word: string | undefined): ComposeEntry | undefined {
  return COMPOSE_COMMANDS.find(({ name, aliases }) => word !== undefined && (name === word || aliases.includes(word)));
}
