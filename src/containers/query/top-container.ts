import { execFile } from 'node:child_process';
import { conflict, failed, invalid } from '../../base/errors.ts';
import { emitContainerEvent } from '../events/container-events.ts';
import { hasProcess } from '../model/state.ts';
import type { World } from '../world.ts';

const DEFAULT_ARGUMENTS = '-ef';
const MOST_OUTPUT_BYTES = 64 << 20;

export interface ProcessList {
  readonly titles: readonly string[];
  readonly processes: readonly (readonly string[])[];
}

/**
 * Lists the container's processes as the host's ps(1) shows them.
 * @throws EngineError notFound; conflict when the container does not run or is restarting; invalid; internal with the
 * message of ps
 */
export async function topContainer(
  world: Pick<World, 'table' | 'runtime' | 'events'>,
  ref: string,
  psArgs: string,
  signal: AbortSignal,
): Promise<ProcessList> {
  const args = (psArgs === '' ? DEFAULT_ARGUMENTS : psArgs).split(/\s+/).filter((word) => word !== '');
  checkArguments(args);
  const { record } = world.table.resolve(ref);
  if (record.state.restarting)
    throw conflict(`Container ${record.id} is restarting, wait until the container is running`);
  if (!hasProcess(record)) throw conflict(`container ${record.id} is not running`);
  const pids = await world.runtime.processes(record.id);
  const output = await ps(args, pids, signal);
  const list = parseProcessList(output, new Set(pids));
  emitContainerEvent(world.events, record, 'top');
  return list;
}

/** Refuses renamed PID columns: the PID column could not be found, or another one would be taken for it. */
function checkArguments(args: readonly string[]): void {
  for (const argument of args) {
    const renamed = /([^\s,]+)=(.*)/.exec(argument);
    if (renamed !== null && renamed[1] !== 'pid' && renamed[2]?.trim().split(/[\s,]/)[0] === 'PID') {
      throw invalid(`specifying "${argument}" is not allowed`);
    }
  }
}

/**
 * Asks ps for these pids only. When the arguments select processes themselves, ps refuses that, and all processes are
 * listed.
 */
async function ps(args: readonly string[], pids: readonly number[], signal: AbortSignal): Promise<string> {
  try {
    return await runPs([...args, `-q${pids.join(',')}`], signal);
  } catch {
    return runPs(args, signal);
  }
}

function runPs(args: readonly string[], signal: AbortSignal): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  execFile('ps', args, { signal, maxBuffer: MOST_OUTPUT_BYTES, encoding: 'utf8' }, (error, stdout, stderr) => {
    if (error === null) resolve(stdout);
    // The first line of stderr is the error, the rest is usage text.
    else reject(failed(`ps: ${stderr.split('\n', 1)[0] || error.message}`, error));
  });
  return promise;
}

/** Picks the rows of these pids by the PID column. The last column keeps its blanks. @throws EngineError internal */
export function parseProcessList(output: string, pids: ReadonlySet<number>): ProcessList {
  const [head = '', ...lines] = output.split('\n');
  const titles = head.trim().split(/\s+/);
  const pidColumn = titles.indexOf('PID');
  if (pidColumn < 0) throw failed("Couldn't find PID field in ps output");
  const processes: (readonly string[])[] = [];
  let previousIsOurs = false;
  for (const line of lines) {
    if (line.trim() === '') continue;
    const fields = line.trim().split(/\s+/);
    // Lines of threads (ps -m, -T of some versions) show "-" for the pid of the process above.
    const ours: boolean = fields[pidColumn] === '-' ? previousIsOurs : pids.has(parsePid(fields[pidColumn]));
    previousIsOurs = ours;
    if (!ours) continue;
    const last = titles.length - 1;
    processes.push(fields.length > titles.length ? [...fields.slice(0, last), fields.slice(last).join(' ')] : fields);
  }
  return { titles, processes };
}

function parsePid(text: string | undefined): number {
  const pid = Number(text);
  if (text === undefined || !Number.isInteger(pid)) throw failed(`Unexpected pid '${text ?? ''}': invalid syntax`);
  return pid;
}
