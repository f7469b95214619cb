import { readFileSync } from 'node:fs';
import { command } from '../support/command.ts';
import { answerTo, isRequest } from './api-request.ts';

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
      ...withPrefix(neutral(stdout, dataRoot), '  '),
      ...withPrefix(neutral(stderr, dataRoot), '! '),
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

/** Replaces what differs between two runs: ids, times, hardware addresses, numbers of interfaces, paths. */
function neutral(text: string, dataRoot: string): string {
  return text
    .replaceAll(dataRoot, '<data root>')
    .replaceAll(process.cwd(), '<folder>')
    .replaceAll(/\b[0-9a-f]{64}\b/g, '<id>')
    .replaceAll(/\b(?=[0-9]*[a-f])(?=[a-f]*[0-9])[0-9a-f]{12}\b/g, '<short id>')
    .replaceAll(/\b[0-9a-f]{2}(?::[0-9a-f]{2}){5}\b/g, '<hardware address>')
    .replaceAll(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z| \+0000 UTC|[+-]\d\d:\d\d)/g, '<time>')
    .replaceAll(/\b[A-Z][a-z]{2} [ \d]\d \d\d:\d\d\b/g, '<date>')
    .replaceAll(/^(\s*)\d+: (eth\d+)@if\d+:/gm, '$1<number>: $2:')
    .replaceAll(/fe80::[0-9a-f:]+/g, '<link-local>')
    .replaceAll(/= [\d.]+\/[\d.]+\/[\d.]+ ms/g, '= <times>');
}
