import { Buffer } from 'node:buffer';
import { closeSync, openSync, readSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { errnoOf } from '../base/errors.ts';
import { openEventCounter, type Readiness } from '../linux/index.ts';

/** The kernel of version 1 notifies before it kills, and counts the kill afterwards. */
const LOOK_AGAIN_MILLISECONDS = [0, 10, 50, 200];

/**
 * Calls back when the kernel may have killed a process of a cgroup for lack of memory; the counter in the file shows
 * whether it has. `oomFile` is `memory.events` of version 2, which is polled for urgent data, or `memory.oom_control`
 * of version 1, which notifies an eventfd. Where the kernel supports neither, it does nothing: the periodic sweep finds
 * the kill.
 */
export function watchOom(oomFile: string, readiness: Readiness, onMaybe: () => void): Disposable {
  const stack = new DisposableStack();
  const timers = new Set<NodeJS.Timeout>();
  const told = (): void => {
    for (const milliseconds of LOOK_AGAIN_MILLISECONDS) {
      const timer = setTimeout(() => {
        timers.delete(timer);
        onMaybe();
      }, milliseconds);
      timers.add(timer);
    }
  };
  try {
    const file = openSync(oomFile, 'r');
    stack.defer(() => closeSync(file));
    const isUnified = basename(oomFile) === 'memory.events';
    const watched = isUnified ? file : registered(oomFile, file);
    if (!isUnified) stack.defer(() => closeSync(watched));
    // An event that has been read is not reported again.
    const take = (): void => void readSync(watched, Buffer.alloc(4096), 0, isUnified ? 4096 : 8, isUnified ? 0 : null);
    if (isUnified) take();
    const listen = (): void => {
      try {
        take();
        told();
      } catch (error) {
        // EAGAIN: the event belonged to an earlier descriptor with this number. Any other error: the cgroup has been
        // removed.
        if (errnoOf(error) !== 'EAGAIN') return;
      }
      watch.arm();
    };
    const watch = readiness.watch(watched, listen, { urgent: isUnified });
    stack.use(watch);
    watch.arm();
  } catch {
    // The cgroup has been removed: the container has ended.
  }
  stack.defer(() => {
    for (const timer of timers) clearTimeout(timer);
  });
  return stack;
}

/**
 * Returns a descriptor that the kernel makes readable when the cgroup of version 1 runs out of memory (cgroups(7),
 * `cgroup.event_control`).
 */
function registered(oomFile: string, file: number): number {
  const counter = openEventCounter();
  try {
    writeFileSync(join(dirname(oomFile), 'cgroup.event_control'), `${counter} ${file}`);
    return counter;
  } catch (error) {
    closeSync(counter);
    throw error;
  }
}
