import { readFileSync } from 'node:fs';
import { command } from '../support/command.ts';
import { answerTo, isRequest } from './api-request.ts';
import { neutral } from './neutral.ts';

/**
 * Command lines of docker, and what they print. A record is a text with one block for each line: the line, its stdout (with two spaces
 * before it), its stderr (with `! ` before it), and its exit code when it is not 0. A line may also be a request to the API
 * (`GET /v1.51/networks`), whose status and body are recorded as its stdout.
 */

/** The command lines of a file, in their order. */
export function readLines(path: URL): readonly string[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
}

/** The blocks of a record by their command line. Lines that are run twice are numbered from the second time on. */
export function readBlocks(text: string): ReadonlyMap<string, string> {
  const blocks = new Map<string, string>();
  for (const block of text.split(/^\$ /m).slice(1)) {
    const end = block.indexOf('\n');
    blocks.set(block.slice(0, end), block.slice(end + 1).trimEnd());
  }
  return blocks;
}

/** Runs the command lines one after the other on the engine at `env`'s DOCKER_HOST. Returns the record. */
export async function record(lines: readonly string[], env: Readonly<Record<string, string>>): Promise<string> {
  const run = (args: readonly string[]) => command('docker', args, { env: { ...env, DOCKER_API_VERSION: '1.51' } });
  const dataRoot = (await run(['info', '-f', '{{.DockerRootDir}}'])).stdout.trim();
  const times = new Map<string, number>();
  const blocks: string[] = [];
  for (const line of lines) {
    const { code, stdout, stderr } = isRequest(line)
      ? { code: 0, stdout: await answerTo(line, env['DOCKER_HOST'] ?? ''), stderr: '' }
      : await run(argumentsOf(line));
    const time = (times.get(line) ?? 0) + 1;
    times.set(line, time);
    const shown = [
      `$ ${line}${time === 1 ? '' : ` (${time})`}`,
      ...withPrefix(neutral(stdout.replaceAll(dataRoot, '<data root>')), '  '),
      ...withPrefix(neutral(stderr.replaceAll(dataRoot, '<data root>')), '! '),
      ...(code === 0 ? [] : [`= ${code}`]),
    ];
    blocks.push(shown.join('\n'));
  }
  return `${blocks.join('\n')}\n`;
}

function withPrefix(text: string, prefix: string): readonly string[] {
  return text === ''
    ? []
    : text
        .replace(/\n$/, '')
        .split('\n')
        .map((line) => `${prefix}${line}`.trimEnd());
}

/** Splits at spaces outside of double quotes. */
function argumentsOf(line: string): readonly string[] {
  return [...line.matchAll(/(?:[^\s"]|"[^"]*")+/g)].map(([word]) => word.replaceAll('"', ''));
}
