import assert from 'node:assert/strict';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { command } from './command.ts';
import type { TestEngine } from './engine.ts';

/** The resources of the host that containers use, by kind. Without a leak they are equal before and after. */
export async function engineResources(engine: TestEngine): Promise<Readonly<Record<string, number>>> {
  const { execRoot, dataRoot, bridge } = engine;
  const lines = (text: string, mine: (line: string) => boolean): number => text.split('\n').filter(mine).length;
  return {
    mounts: lines(
      readFileSync('/proc/self/mountinfo', 'utf8'),
      (line) => line.includes(execRoot) || line.includes(dataRoot),
    ),
    links: lines((await command('ip', ['-o', 'link'])).stdout, (line) => line.includes(`master ${bridge} `)),
    firewall: lines((await command('nft', ['list', 'table', 'ip', `gantry-${bridge}`])).stdout, () => true),
    processes: processesOf(engine).length,
    descriptors: processesOf(engine).reduce((sum, pid) => sum + openDescriptors(pid), 0),
    containers: entries(`${dataRoot}/containers`),
    writables: entries(`${dataRoot}/snapshots/writables`),
    tasks: entries(`${execRoot}/tasks`),
    rootfs: entries(`${execRoot}/rootfs`),
    netns: entries(`${execRoot}/netns`),
    runtime: entries(`${execRoot}/runtime`),
  };
}

/** {@link engineResources} once they no longer change: idle threads end after some seconds. */
export async function idleResources(engine: TestEngine): Promise<Readonly<Record<string, number>>> {
  let last = await engineResources(engine);
  for (let same = 0, left = 40; same < 4 && left > 0; left--) {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const now = await engineResources(engine);
    same = JSON.stringify(now) === JSON.stringify(last) ? same + 1 : 0;
    last = now;
  }
  return last;
}

/** gantryd, the supervisor, and their short-lived processes. */
export function processesOf({ execRoot }: Pick<TestEngine, 'execRoot'>): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return pid !== process.pid && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(execRoot);
      } catch {
        return false;
      }
    });
}

/** Pid of the engine's supervisor. Fails unless there is exactly one. */
export function supervisorPid(engine: Pick<TestEngine, 'execRoot'>): number {
  return onlyProcess(engine, /supervisor(?:\/main\.ts|\.js)$/);
}

/** Pid of the engine's name server. Fails unless there is exactly one. */
export function nameServerPid(engine: Pick<TestEngine, 'execRoot'>): number {
  return onlyProcess(engine, /names(?:\/main\.ts|\.js)$/);
}

function onlyProcess(engine: Pick<TestEngine, 'execRoot'>, program: RegExp): number {
  const found = processesOf(engine).filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
        .split('\0')
        .some((arg) => program.test(arg));
    } catch {
      return false;
    }
  });
  assert.equal(found.length, 1, `one process ${program}: ${found.join(' ')}`);
  return found[0] ?? 0;
}

function entries(folder: string): number {
  try {
    return readdirSync(folder).length;
  } catch {
    return 0;
  }
}

/** Descriptors, except connections, which come and go with clients. */
function openDescriptors(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).filter((fd) => {
      try {
        return !readlinkSync(`/proc/${pid}/fd/${fd}`).startsWith('socket:');
      } catch {
        return false;
      }
    }).length;
  } catch {
    return 0;
  }
}
