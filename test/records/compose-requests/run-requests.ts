import { type ComposeCase, readCases } from '../compose/compose-case.ts';
import { type ComposeOutcome, runCases } from '../compose/compose-record.ts';
import { runInMemory } from '../compose/run-case.ts';
import { neutralRequests } from './neutral-request.ts';
import { recordingEngine } from './recording-engine.ts';

/** Projects of `cases/`, in the form of `../compose/compose-case.ts`. */
export const REQUEST_CASES: readonly ComposeCase[] = readCases(new URL('./cases/', import.meta.url));

/** What makes requests: from `up` until `down`, which runs `pre_stop`. */
const RUNS = [
  ['--progress', 'quiet', 'up', '-d'],
  ['--progress', 'quiet', 'down', '-t', '0'],
] as const;

/** The requests of `gantry compose`, or the text of its error. */
export async function ownRequests(given: ComposeCase): Promise<string> {
  return await requestsOf((run, host) => runInMemory(given, run, [host]));
}

/** The requests of a real docker compose. */
export async function recordRequests(program: string): Promise<Map<string, string>> {
  return await runCases(REQUEST_CASES, program, async (run) => await requestsOf(run));
}

async function requestsOf(run: (words: readonly string[], host: string) => Promise<ComposeOutcome>): Promise<string> {
  await using engine = await recordingEngine();
  for (const words of RUNS) {
    const { code, stderr } = await run(words, engine.host);
    if (code !== 0) return `${words.join(' ')} = ${code}\n! ${stderr.trim().replaceAll('\n', '\n! ')}\n`;
  }
  return await neutralRequests(engine.requests);
}
