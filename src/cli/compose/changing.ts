import { createSlots } from '../../base/slots.ts';
import {
  type ApplyContext,
  changedKeys,
  dryEngine,
  formatKeyHashes,
  type Hashes,
  keyHashes,
  liveResources,
  networkHash,
  type Project,
  type ResourceEvent,
  type ResourceView,
  resourceJson,
  resourceLines,
  serviceHash,
  volumeHash,
} from '../../compose/index.ts';
import type { Cli } from '../cli.ts';
import { CliError } from '../errors.ts';
import type { ComposeCall } from './compose-command.ts';

export const HASHES: Hashes = {
  ...{ service: serviceHash, network: networkHash, volume: volumeHash },
  keys: (service) => formatKeyHashes(keyHashes(service)),
  changedKeys: (label, service) => changedKeys(label, keyHashes(service)),
};

/** Shell's exit code of a program that Ctrl-C has ended. */
export const INTERRUPTED = 130;

/**
 * Changes a project, and shows each resource on standard error. Ctrl-C ends it: what has begun is finished, and nothing further
 * begins. @throws EngineError, CliError
 */
export async function changing<T>(
  call: ComposeCall,
  { project, title = 'Running' }: { readonly project: Project; readonly title?: string },
  work: (context: ApplyContext) => Promise<T>,
): Promise<T> {
  const stop = new AbortController();
  const interrupt = (): void => stop.abort();
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  const view = resourceView(call, title);
  const parallel = parallelOf(call);
  const isDry = isDryRun(call);
  try {
    const result = await work({
      engine: isDry ? dryEngine(call.world.cli.client) : call.world.cli.client,
      isDry,
      project,
      report: (event) => view.show(isDry ? { ...event, text: `${event.text} (dry run)` } : event),
      slots: createSlots(() => (parallel < 1 ? Number.POSITIVE_INFINITY : parallel)),
      signal: stop.signal,
    });
    // What had begun was all there was: the Ctrl-C counts nevertheless.
    if (stop.signal.aborted) throw new CliError(INTERRUPTED, 'canceled');
    return result;
  } catch (error) {
    throw stop.signal.aborted ? new CliError(INTERRUPTED, 'canceled', { cause: error }) : error;
  } finally {
    view.end();
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}

export function isDryRun({ root }: ComposeCall): boolean {
  return root.bool('dry-run');
}

/** Shows what a command would do, for `--dry-run` with those that have no plan of changes. */
export async function showDry(
  call: ComposeCall,
  project: Project,
  shown: Pick<ResourceEvent, 'id' | 'text'> & { readonly doing?: string },
): Promise<void> {
  const { id, text, doing } = shown;
  await changing(call, { project }, async ({ report }) => {
    if (doing !== undefined) report({ id, text: doing, status: 'working' });
    report({ id, text, status: 'done' });
  });
}

/** The error of `--dry-run` with a command whose output and exit code are those of a program in a container. */
export function noDryOutput(command: string): CliError {
  return new CliError(1, `--dry-run cannot show what the program of "${command}" would print and return`);
}

function parallelOf({ root, world: { cli } }: ComposeCall): number {
  if (root.changed('parallel')) return root.int('parallel');
  return Number.parseInt(cli.env['COMPOSE_PARALLEL_LIMIT'] ?? '', 10) || -1;
}

/** `--progress`, or the variable. */
export function progressOf({ root, world: { cli } }: ComposeCall): string {
  return (root.changed('progress') ? root.string('progress') : cli.env['COMPOSE_PROGRESS']) || 'auto';
}

/** Whether colors and movements of the cursor are allowed on an output. */
export function hasAnsi({ root, world: { cli } }: ComposeCall, output: Cli['out']): boolean {
  const ansi = root.changed('ansi') ? root.string('ansi') : (cli.env['COMPOSE_ANSI'] ?? 'auto');
  if (root.bool('no-ansi') || ansi === 'never') return false;
  return ansi === 'always' || (output.isTerminal && (cli.env['NO_COLOR'] ?? '') === '');
}

/** How changes are shown: in place in a terminal, as lines elsewhere, or as asked. */
export function resourceView(call: ComposeCall, title: string): ResourceView {
  const { cli } = call.world;
  const output = ['1', 'true'].includes(cli.env['COMPOSE_STATUS_STDOUT'] ?? '') ? cli.out : cli.err;
  const write = (text: string): void => output.write(text);
  const progress = progressOf(call);
  if (progress === 'quiet' || progress === 'none') return { show: () => {}, end: () => {} };
  if (progress === 'json') return resourceJson(write);
  const isLive = progress === 'tty' || (progress === 'auto' && output.isTerminal && hasAnsi(call, output));
  return isLive ? liveResources(screenOf(output), title) : resourceLines(write);
}

function screenOf(output: Cli['out']) {
  return {
    write: (text: string) => output.write(text),
    size: () => ({
      rows: process.stderr.rows || process.stdout.rows || 24,
      columns: process.stderr.columns || process.stdout.columns || 80,
    }),
    now: () => performance.now(),
  };
}
