import { closeSync, constants, existsSync, openSync } from 'node:fs';
import { makeFifo } from '../linux/index.ts';
import type { TaskLayout } from '../spec/index.ts';

const { O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;

/**
 * Opens both ends of the FIFO through which a pty's output passes to its spool. The daemon may hold what a predecessor
 * has left in it.
 */
export function openRelay(layout: TaskLayout): { readonly reader: number; readonly writer: number } {
  if (!existsSync(layout.stdout)) makeFifo(layout.stdout, 0o600);
  const reader = openSync(layout.stdout, O_RDONLY | O_NONBLOCK);
  try {
    return { reader, writer: openSync(layout.stdout, O_WRONLY | O_NONBLOCK) };
  } catch (error) {
    closeSync(reader);
    throw error;
  }
}
