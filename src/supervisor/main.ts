import { mkdirSync, openSync, rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import {
  becomeSubreaper,
  closeInheritedOnExec,
  createDescriptorLog,
  Readiness,
  trimWhenIdle,
  tryLockFile,
  wallTimeNanos,
} from '../linux/index.ts';
import { runtimeRoot, supervisorFolder, supervisorSocket, tasksFolder } from '../spec/index.ts';
import { AdoptedProcesses } from './adopted-processes.ts';
import { CgroupWarmUp } from './cgroup-warm-up.ts';
import { ChildReaper } from './child-reaper.ts';
import type { ControlDeps } from './control.ts';
import { EventHub } from './event-hub.ts';
import { ExitRecords } from './exit-records.ts';
import { NameServer } from './names/name-server.ts';
import { OciRuntime } from './oci-runtime.ts';
import { enterOwnCgroup, leaveOwnCgroup } from './own-cgroup.ts';
import { recover } from './recover.ts';
import { listen } from './server.ts';
import { TaskTable } from './task-table.ts';

/** Exit code when another supervisor serves this exec root. */
const EXIT_LOCKED = 3;
const SWEEP_MILLISECONDS = 1000;

/**
 * gantry-supervisor: `--exec-root DIR [--linger-seconds N]`. Each engine has one. It is the parent of every container
 * process and survives the daemon. It ends on `shutdown`, or when for the linger time no task runs and no daemon is
 * connected.
 */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { 'exec-root': { type: 'string' }, 'linger-seconds': { type: 'string', default: '5' } },
  });
  const execRoot = values['exec-root'];
  if (execRoot === undefined) throw new Error('--exec-root is missing');
  const lingerSeconds = Number(values['linger-seconds']);

  if (!claim(execRoot)) {
    process.exitCode = EXIT_LOCKED;
    return;
  }
  // The containers keep running whatever happens to the session or service that started the supervisor.
  for (const name of ['SIGHUP', 'SIGINT', 'SIGTERM', 'SIGPIPE'] as const) process.on(name, () => {});
  becomeSubreaper();
  closeInheritedOnExec();
  const log = createDescriptorLog(process.stderr.fd);
  const warmth = new CgroupWarmUp(enterOwnCgroup(log));

  const exitRecords = new ExitRecords(execRoot);
  const reaper = new ChildReaper(exitRecords);
  const events = new EventHub(Number(wallTimeNanos() / 1000n));
  const runtime = new OciRuntime(execRoot, reaper);
  const readiness = new Readiness();
  const tasks = new TaskTable({ execRoot, reaper, exitRecords, readiness, runtime, events, log });
  const adopted = new AdoptedProcesses(exitRecords);
  const names = new NameServer({ execRoot, reaper, log });
  await names.adopt();
  await recover({ execRoot, tasks, adopted, exitRecords, events, log });

  const stop = (): void => {
    rmSync(supervisorSocket(execRoot), { force: true });
    exitRecords[Symbol.dispose]();
    readiness[Symbol.dispose]();
    leaveOwnCgroup();
    setImmediate(() => process.exit(0));
  };
  await listen(
    { ...{ tasks, events, runtime, adopted, exitRecords, warmth, names, log }, stop },
    supervisorSocket(execRoot),
  );
  log.info({ pid: process.pid, execRoot }, 'supervisor listens');

  trimWhenIdle();
  endWhenIdle({ tasks, events, names, stop }, lingerSeconds * 1000);
}

/** Makes the supervisor's folders. Returns false when another supervisor serves this exec root. */
function claim(execRoot: string): boolean {
  process.umask(0o022);
  for (const folder of [supervisorFolder(execRoot), runtimeRoot(execRoot), tasksFolder(execRoot)]) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }
  return tryLockFile(openSync(`${supervisorFolder(execRoot)}/lock`, 'a', 0o600));
}

/** Stops when for the linger time no task has run and no daemon was connected. */
function endWhenIdle(
  { tasks, events, names, stop }: Pick<ControlDeps, 'tasks' | 'events' | 'names' | 'stop'>,
  lingerMilliseconds: number,
): void {
  let idleSince = Date.now();
  const stopIfIdle = (): void => {
    if (tasks.runningCount === 0 && events.listeners === 0) stop();
  };
  setInterval(() => {
    tasks.sweep();
    if (tasks.runningCount > 0 || events.listeners > 0) idleSince = Date.now();
    else if (Date.now() - idleSince >= lingerMilliseconds)
      void tasks
        .idle()
        .then(() => names.end())
        .then(stopIfIdle);
  }, SWEEP_MILLISECONDS);
}

await main();
