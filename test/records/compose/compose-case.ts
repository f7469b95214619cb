import { readdirSync, readFileSync } from 'node:fs';

/**
 * Compose projects that are compared with docker compose. Each file of `cases/` holds several:
 *
 *     === name of the project
 *     # a comment
 *     --- compose.yaml
 *     services: …
 *     --- sub/base.yaml
 *     …
 *     --- env
 *     TAG=1
 *     --- runs
 *     config --services
 *     -f other.yaml config
 *
 * Every other section is a file. `env` has variables of the process. `runs` has further command lines after `docker compose`: each
 * project is also run with those of {@link USUAL_RUNS}, unless the section is called `only runs`.
 */
export interface ComposeCase {
  readonly name: string;
  /** Text by path below the folder of the project. */
  readonly files: ReadonlyMap<string, string>;
  readonly env: Readonly<Record<string, string>>;
  /** Words of each command line. */
  readonly runs: readonly (readonly string[])[];
}

export const USUAL_RUNS = [['config'], ['config', '--format', 'json'], ['config', '--hash', '*']] as const;

/** The folder in which docker compose sees the projects, one below it for each. Hashes depend on it. */
export const ROOT = '/tmp/gantry-compose-record';

const FOLDER = new URL('./cases/', import.meta.url);

export function readCases(folder = FOLDER): readonly ComposeCase[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.txt'))
    .sort()
    .flatMap((name) =>
      readFileSync(new URL(name, folder), 'utf8')
        .split(/^=== /m)
        .slice(1)
        .map((text) => readCase(text, name.replace(/\.txt$/, ''))),
    );
}

function readCase(text: string, group: string): ComposeCase {
  const [title = '', ...sections] = text.split(/^--- /m);
  const files = new Map<string, string>();
  let env: Record<string, string> = {};
  let runs: (readonly string[])[] = [...USUAL_RUNS];
  for (const section of sections) {
    const end = section.indexOf('\n');
    const head = section.slice(0, end);
    // The empty line before the next project belongs to no file.
    const body = section === sections.at(-1) ? section.slice(end + 1).replace(/\n\n$/, '\n') : section.slice(end + 1);
    if (head === 'env') env = Object.fromEntries(linesOf(body).map((line) => splitOnce(line)));
    else if (head === 'runs') runs = [...runs, ...linesOf(body).map((line) => line.split(' '))];
    else if (head === 'only runs') runs = linesOf(body).map((line) => line.split(' '));
    else files.set(head, body);
  }
  return { name: `${group}: ${title.split('\n')[0]?.trim()}`, files, env, runs };
}

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}

function splitOnce(line: string): readonly [string, string] {
  const at = line.indexOf('=');
  return [line.slice(0, at), line.slice(at + 1)];
}

/** The folder of a project: its last part is the project's usual name. */
export function folderOf({ name }: ComposeCase): string {
  return `${ROOT}/${name.replaceAll(/[^a-z0-9]+/gi, '-').toLowerCase()}`;
}
