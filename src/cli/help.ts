import type { Command } from './command.ts';
import { COMMANDS, type CommandEntry, NOUNS } from './commands.ts';
import type { Flag } from './flags/flag.ts';
import { GLOBAL_FLAGS } from './flags/global.ts';

/** Commands that the engine cannot serve yet are not offered. */
const OFFERED = COMMANDS.filter((entry) => entry.notYet === undefined);
const COMMON = ['run', 'exec', 'ps', 'pull', 'images', 'version', 'info'];

/** Its commands are in `compose/compose-commands.ts`. */
const COMPOSE = ['compose', 'Define and run applications of several containers'] as const;

/** Help of the whole program. */
export function rootHelp(name: string, width: number): string {
  const byName = new Map(
    OFFERED.flatMap((entry) => [entry.path, ...entry.aliases].map((named) => [named, entry] as const)),
  );
  const common = COMMON.flatMap((named) =>
    byName.has(named) ? [[named, byName.get(named)?.summary ?? ''] as const] : [],
  );
  const others = [...byName].flatMap(([named, entry]) =>
    named.includes(' ') || COMMON.includes(named) ? [] : [[named, entry.summary] as const],
  );
  return [
    `Usage:  ${name} [OPTIONS] COMMAND`,
    'Containers, images, networks and volumes from the command line',
    section('Common Commands', common),
    section(
      'Management Commands',
      [...Object.entries(NOUNS).filter(([noun]) => !noun.includes(' ')), COMPOSE].sort(([a], [b]) => (a < b ? -1 : 1)),
    ),
    section(
      'Commands',
      others.sort(([a], [b]) => (a < b ? -1 : 1)),
    ),
    `Global Options:\n${flagTable(GLOBAL_FLAGS, width)}`,
    `Run '${name} COMMAND --help' for more information on a command.\n`,
  ].join('\n\n');
}

/** Help of a noun, with its verbs. */
export function nounHelp(name: string, noun: string): string {
  const verbs = OFFERED.filter((entry) => entry.path.startsWith(`${noun} `)).map(
    (entry) => [entry.path.slice(noun.length + 1), entry.summary] as const,
  );
  return [
    `Usage:  ${name} ${noun} COMMAND`,
    NOUNS[noun] ?? '',
    section('Commands', verbs),
    `Run '${name} ${noun} COMMAND --help' for more information on a command.\n`,
  ].join('\n\n');
}

/** Help of one command. `named` is the name that the user typed. */
export function commandHelp(
  name: string,
  called: { entry: CommandEntry; named: string; command: Command },
  width: number,
): string {
  const { entry, named, command } = called;
  const spellings = [entry.path, ...entry.aliases].sort();
  const parts = [
    `Usage:  ${usageLine(name, named, command)}`,
    entry.summary + (command.details === undefined ? '' : `\n\n${wrap(command.details, width).join('\n')}`),
  ];
  if (spellings.length > 1) parts.push(`Aliases:\n  ${spellings.map((spelling) => `${name} ${spelling}`).join(', ')}`);
  if (command.examples.length > 0)
    parts.push(`Examples:\n${command.examples.map((line) => `  ${name} ${line}`).join('\n')}`);
  if (command.flags.some((flag) => flag.hidden === undefined))
    parts.push(`Options:\n${flagTable(command.flags, width)}`);
  return `${parts.join('\n\n')}\n`;
}

export function usageLine(name: string, named: string, command: Command): string {
  return `${name} ${named} ${command.usage}`.trimEnd();
}

function section(title: string, rows: readonly (readonly [string, string])[]): string {
  const wide = Math.max(11, ...rows.map(([named]) => named.length));
  return `${title}:\n${rows.map(([named, summary]) => `  ${named.padEnd(wide)} ${summary}`).join('\n')}`;
}

/** Formats two columns. The second is wrapped to the terminal's width. */
export function flagTable(flags: readonly Flag[], width: number): string {
  const shown = flags.filter((flag) => flag.hidden === undefined).sort((a, b) => (a.name < b.name ? -1 : 1));
  const rows = shown.map(
    (flag) =>
      [
        `  ${flag.short === undefined ? '   ' : `-${flag.short},`} --${flag.name}${typeLabel(flag)}`,
        flag.help + defaultNote(flag),
      ] as const,
  );
  const left = Math.max(...rows.map(([names]) => names.length)) + 3;
  return rows
    .map(([names, help]) => names.padEnd(left) + wrap(help, Math.max(24, width - left)).join(`\n${' '.repeat(left)}`))
    .join('\n');
}

function typeLabel(flag: Flag): string {
  return flag.type === 'bool' ? '' : ` ${flag.type === 'stringSlice' ? 'strings' : flag.type}`;
}

function defaultNote(flag: Flag): string {
  if (flag.default === '' || flag.default === '<nil>' || flag.default === 'map[]') return '';
  if (['0', '0s'].includes(flag.default) && flag.type !== 'int') return '';
  if (flag.default === '0') return '';
  return ` (default ${flag.type === 'string' ? JSON.stringify(flag.default) : flag.default})`;
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const paragraph of text.split('\n')) {
    let line = '';
    for (const word of paragraph.split(' ')) {
      if (line !== '' && line.length + 1 + word.length > width) {
        lines.push(line);
        line = word;
      } else line = line === '' ? word : `${line} ${word}`;
    }
    lines.push(line);
  }
  return lines;
}
