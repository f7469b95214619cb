import { dirname } from 'node:path';
import { EngineError, messageOf } from '../../../src/base/errors.ts';
import { Cli } from '../../../src/cli/cli.ts';
import type { ComposeWorld, TextOutput } from '../../../src/cli/compose/compose-world.ts';
import { calledCommand, runCalled } from '../../../src/cli/compose/run-own.ts';
import { CliError } from '../../../src/cli/errors.ts';
import { diskFiles } from '../../../src/compose/index.ts';
import { type ComposeCase, folderOf } from './compose-case.ts';
import { type ComposeOutcome, ENVIRONMENT, recordOf, writtenText } from './compose-record.ts';

/** Runs a project with `gantry compose` in this process, its files in memory. Resolves with the record of it. */
export async function runCase(given: ComposeCase): Promise<string> {
  const runs: string[] = [];
  for (const run of given.runs) runs.push(recordOf(run, await runInMemory(given, run)));
  return runs.join('');
}

class TextCollector implements TextOutput {
  readonly isTerminal = false;
  text = '';

  write(data: string | Uint8Array): void {
    this.text += typeof data === 'string' ? data : Buffer.from(data).toString();
  }

  line(text: string): void {
    this.text += `${text}\n`;
  }
}

/** `hosts` names the engine, for commands that need one. */
export async function runInMemory(
  given: ComposeCase,
  run: readonly string[],
  hosts: readonly string[] = [],
): Promise<ComposeOutcome> {
  const [out, err] = [new TextCollector(), new TextCollector()];
  const env = { ...ENVIRONMENT, ...given.env };
  const currentFolder = folderOf(given);
  const world: ComposeWorld = {
    ...{ out, err, env, currentFolder },
    cli: new Cli({ hosts, debug: false }, env),
    files: filesInMemory(new Map([...given.files].map(([path, text]) => [`${currentFolder}/${path}`, text]))),
    remotes: () => async (address) => {
      throw new EngineError('unavailable', `${address}: there is no network`);
    },
    readStdin: () => '',
    writeFile: (path, text) => out.write(writtenText(path, text)),
  };
  const called = calledCommand(run);
  if (called === undefined) throw new Error(`no command of Gantry's: ${run.join(' ')}`);
  try {
    const code = await runCalled(world, called);
    return { code, stdout: out.text, stderr: err.text };
  } catch (error) {
    if (!(error instanceof EngineError) && !(error instanceof CliError)) throw error;
    err.line(messageOf(error));
    return { code: 1, stdout: out.text, stderr: err.text };
  }
}

function filesInMemory(texts: ReadonlyMap<string, string>): ComposeWorld['files'] {
  const folders = new Set<string>(['/']);
  for (const path of texts.keys()) for (let at = dirname(path); at !== '/'; at = dirname(at)) folders.add(at);
  return {
    read: (path) => {
      const text = texts.get(path);
      if (text === undefined) throw new EngineError('notFound', `open ${path}: no such file or directory`);
      return text;
    },
    kindOf: (path) => (texts.has(path) ? 'file' : folders.has(path) ? 'folder' : undefined),
    realPath: (path) => path,
    isRemote: diskFiles.isRemote,
  };
}
