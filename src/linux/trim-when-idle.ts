import { collectGarbage } from './collect-garbage.ts';
import { trimHeap } from './trim-heap.ts';

const CHECK_INTERVAL_MILLISECONDS = 3000;
/** Share of one processor below which the process counts as idle. */
const IDLE_SHARE = 0.03;
/** Processor time after which an idle process trims. */
const WORK_MICROSECONDS = 200_000;

/**
 * Returns free memory of V8's heap and of the C heap to the system when the process becomes idle after work. It measures
 * the process's own processor time. Does not keep the process alive.
 */
export function trimWhenIdle(): Disposable {
  let worked = 0;
  let before = usedMicroseconds();
  const look = (): void => {
    const now = usedMicroseconds();
    const used = now - before;
    before = now;
    worked += used;
    if (used > CHECK_INTERVAL_MILLISECONDS * 1000 * IDLE_SHARE || worked < WORK_MICROSECONDS) return;
    worked = 0;
    collectGarbage();
    trimHeap();
  };
  const timer = setInterval(look, CHECK_INTERVAL_MILLISECONDS).unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

function usedMicroseconds(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}
