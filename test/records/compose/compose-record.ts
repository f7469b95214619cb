import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type ComposeCase, folderOf, ROOT } from './compose-case.ts';

/** How a run ended. */
export interface ComposeOutcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The record of a run: its output, `! ` before each line of standard error, the exit code. */
export function recordOf(run: readonly string[], { code, stdout, stderr }: ComposeOutcome): string {
  const output = isUnordered(run) ? sortedLines(stdout) : stdout;
  const shown = output === '' || output.endsWith('\n') ? output : `${output}\n`;
  const errors = messagesOf(stderr).map((line) => `! ${line}\n`);
  return `$ ${run.join(' ')}\n${shown}${errors.join('')}= ${code}\n`;
}

/** Listings that docker compose prints in the order of a hash table. */
function isUnordered(run: readonly string[]): boolean {
  return (
    ['--services', '--volumes', '--networks', '--images', '--models'].some((flag) => run.includes(flag)) ||
    (run.includes('--variables') && !run.includes('--format'))
  );
}

function sortedLines(text: string): string {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .sort()
    .map((line) => `${line}\n`)
    .join('');
}

/** Warnings without their times, each once, and after them other lines. The program is recorded without its other plugins, which it tells. */
export function messagesOf(stderr: string): readonly string[] {
  const warnings = new Set<string>();
  const others: string[] = [];
  for (const line of stderr.split('\n').filter((each) => each !== '')) {
    const [, message] = /^time="[^"]*" level=warning msg=(".*")$/.exec(line) ?? [];
    if (message?.includes("buildx isn't installed")) continue;
    if (message === undefined) others.push(line);
    else warnings.add(`warning: ${JSON.parse(message) as string}`);
  }
  return [...[...warnings].sort(), ...others];
}

/** Runs the projects with a real docker compose, and returns a record of each. */
export async function recordCases(cases: readonly ComposeCase[], program: string): Promise<Map<string, string>> {
  return await runCases(cases, program, async (runProgram, each) => {
    const runs: string[] = [];
    for (const run of each.runs) runs.push(recordOf(run, await runProgram(run)));
    return runs.join('');
  });
}

/** Runs the program in the folder of a project. */
export type RunProgram = (run: readonly string[], host?: string) => Promise<ComposeOutcome>;

/** Writes the projects, and returns what `record` says of each. Writes below {@link ROOT}, and removes it. */
export async function runCases(
  cases: readonly ComposeCase[],
  program: string,
  record: (runProgram: RunProgram, given: ComposeCase) => Promise<string>,
): Promise<Map<string, string>> {
  const records = new Map<string, string>();
  rmSync(ROOT, { recursive: true, force: true });
  try {
    for (const each of cases) {
      writeCase(each);
      const run: RunProgram = (words, host) => runProgram(program, words, { given: each, host });
      records.set(each.name, await record(run, each));
    }
  } finally {
    rmSync(ROOT, { recursive: true, force: true });
  }
  return records;
}

function writeCase(given: ComposeCase): void {
  const folder = folderOf(given);
  mkdirSync(folder, { recursive: true });
  for (const [path, text] of given.files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

/** The variables of a run, apart from those of the project. */
export const ENVIRONMENT = { HOME: '/home/user', PATH: '/usr/bin:/bin' } as const;

function runProgram(
  program: string,
  run: readonly string[],
  { given, host }: { readonly given: ComposeCase; readonly host: string | undefined },
): Promise<ComposeOutcome> {
  const { promise, resolve } = Promise.withResolvers<ComposeOutcome>();
  const options = {
    cwd: folderOf(given),
    env: { ...ENVIRONMENT, ...given.env, ...(host === undefined ? {} : { DOCKER_HOST: host }) },
  };
  execFile(program, run, options, (error, stdout, stderr) => {
    const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
    const written = writtenFile(run);
    const text = written === undefined ? '' : writtenText(written, readFileSync(join(options.cwd, written), 'utf8'));
    resolve({ code, stdout: stdout + text, stderr });
  });
  return promise;
}

/** The file that a run writes. */
function writtenFile(run: readonly string[]): string | undefined {
  return run.includes('-o') ? run[run.indexOf('-o') + 1] : undefined;
}

/** How a record shows a written file. */
export function writtenText(path: string, text: string): string {
  return `wrote ${path}\n${text}`;
}

/** The text of a file of records. */
export function writeRecord(records: ReadonlyMap<string, string>): string {
  return [...records].map(([name, text]) => `=== ${name}\n${text}`).join('\n');
}

export function readRecord(text: string): Map<string, string> {
  return new Map(
    text
      .split(/^=== /m)
      .slice(1)
      .map((block) => {
        const end = block.indexOf('\n');
        return [block.slice(0, end), block.slice(end + 1).replace(/\n\n$/, '\n')];
      }),
  );
}
