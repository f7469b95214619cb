import { Cli, type GlobalOptions } from './cli.ts';
import { type CommandEntry, findCommand, findNoun } from './commands.ts';
import { CliError, UsageError } from './errors.ts';
import { GLOBAL_FLAGS } from './flags/global.ts';
import { type Flags, HelpRequest, parseFlags } from './flags/parse.ts';
import { reportFailure, runCommand } from './run-command.ts';

const NAME = 'gantry';

/** Runs one command line. Resolves with the exit code, after everything is printed. */
export async function main(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  const bare = new Cli({ hosts: [], debug: false }, env);
  let cli = bare;
  try {
    const { flags, args } = parseGlobal(argv);
    if (flags.bool('version')) {
      const { versionLine } = await import('./system/version.ts');
      bare.out.line(versionLine());
      return 0;
    }
    cli = new Cli(globalOptions(flags, env), env);
    return await dispatch(cli, args);
  } catch (error) {
    if (error instanceof HelpRequest) {
      const { rootHelp } = await import('./help.ts');
      bare.out.write(rootHelp(NAME, terminalWidth()));
      return 0;
    }
    return reportFailure(cli, error);
  } finally {
    cli.close();
  }
}

function parseGlobal(argv: readonly string[]): { flags: Flags; args: string[] } {
  try {
    return parseFlags(GLOBAL_FLAGS, argv, { interspersed: false });
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new CliError(
      125,
      `${error.message}\n\nUsage:  ${NAME} [OPTIONS] COMMAND [ARG...]\n\nRun '${NAME} --help' for more information`,
    );
  }
}

function globalOptions(flags: Flags, env: Readonly<Record<string, string | undefined>>): GlobalOptions {
  const context = flags.string('context') || env['DOCKER_CONTEXT'] || 'default';
  if (context !== 'default') {
    throw new CliError(
      1,
      `context "${context}" not found: Gantry does not have contexts yet. Set DOCKER_HOST or -H to the address of the engine`,
    );
  }
  const configDir = flags.string('config');
  const folder = configDir || env['DOCKER_CERT_PATH'] || env['DOCKER_CONFIG'] || `${env['HOME'] ?? ''}/.docker`;
  const verify = flags.changed('tlsverify') ? flags.bool('tlsverify') : Boolean(env['DOCKER_TLS_VERIFY']);
  const tls = {
    caFile: flags.string('tlscacert') || `${folder}/ca.pem`,
    certFile: flags.string('tlscert') || `${folder}/cert.pem`,
    keyFile: flags.string('tlskey') || `${folder}/key.pem`,
    verify,
  };
  return {
    hosts: flags.list('host'),
    debug: flags.bool('debug'),
    ...(configDir === '' ? {} : { configDir }),
    ...(flags.bool('tls') || verify ? { tls } : {}),
  };
}

async function dispatch(cli: Cli, words: readonly string[]): Promise<number> {
  if (words[0] === 'help') return dispatch(cli, [...words.slice(1).filter((word) => !word.startsWith('-')), '--help']);
  if (words[0] === 'compose') {
    const { runCompose } = await import('./compose/run-compose.ts');
    return runCompose(cli, words.slice(1));
  }
  const found = findCommand(words);
  if (found !== undefined) return runFound(cli, found, words.slice(found.count));
  const [first] = words;
  if (first === undefined || first === '--help' || first === '-h') {
    const { rootHelp } = await import('./help.ts');
    cli.out.write(rootHelp(NAME, terminalWidth()));
    return 0;
  }
  const called = findNoun(words);
  if (called !== undefined && (called.verb === undefined || called.verb.startsWith('-'))) {
    const { nounHelp } = await import('./help.ts');
    // Requested help goes to standard output. Otherwise it explains the missing verb on standard error.
    (called.verb === undefined ? cli.err : cli.out).write(nounHelp(NAME, called.noun));
    return 0;
  }
  const { runPlugin } = await import('./plugin/run-plugin.ts');
  const code = called === undefined ? await runPlugin(cli, words) : undefined;
  if (code !== undefined) return code;
  const { unknownCommand } = await import('./unknown-command.ts');
  throw new CliError(1, unknownCommand(NAME, words));
}

async function runFound(
  cli: Cli,
  found: { entry: CommandEntry; named: string },
  argv: readonly string[],
): Promise<number> {
  const command = await found.entry.load();
  try {
    return await runCommand(cli, { named: found.named, command }, argv);
  } catch (error) {
    if (!(error instanceof HelpRequest)) throw error;
    const { commandHelp } = await import('./help.ts');
    cli.out.write(commandHelp(NAME, { ...found, command }, terminalWidth()));
    return 0;
  }
}

function terminalWidth(): number {
  return process.stdout.columns || 80;
}
