import { trimHeap } from './trim-heap.ts';

const LOOK_MILLISECONDS = 3000;
/** Share of one processor. */
const AT_REST = 0.03;
/** Processor time after which a rest is worth a trim. */
const WORK_MICROSECONDS = 200_000;

/**
 * Gives free memory of the C heap back when the process comes to rest after work, whatever the work was: glibc by itself keeps what
 * streams and transfers have left. Looks at the process's own processor time; keeps no process alive.
 */
export function trimWhenIdle(): Disposable {
  let worked = 0;
  let before = usedMicroseconds();
  const look = (): void => {
    const now = usedMicroseconds();
    const used = now - before;
    before = now;
    worked += used;
    if (used > LOOK_MILLISECONDS * 1000 * AT_REST || worked < WORK_MICROSECONDS) return;
    worked = 0;
    trimHeap();
  };
  const timer = setInterval(look, LOOK_MILLISECONDS).unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

function usedMicroseconds(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}
