import { readFileSync } from 'node:fs';

/** The share of the engine's descriptors for relayed traffic, and the share of those for one port. */
const SHARE_OF_LIMIT = 1 / 4;
const SHARE_OF_PORT = 1 / 4;
const DESCRIPTORS_MAX = 32_768;

/** Limits the descriptors of relayed traffic. Otherwise remote clients could exhaust the engine's descriptors. */
export class RelayBudget {
  /** The limit for one published port. */
  readonly perPort: number;
  #left: number;

  constructor(descriptors: number) {
    this.#left = Math.floor(descriptors);
    this.perPort = Math.floor(descriptors * SHARE_OF_PORT);
  }

  /** Takes descriptors. Returns false, and takes none, when there are not enough. */
  take(count: number): boolean {
    if (count > this.#left) return false;
    this.#left -= count;
    return true;
  }

  /** Returns descriptors to the budget. */
  release(count: number): void {
    this.#left += count;
  }

  get left(): number {
    return this.#left;
  }
}

/** Returns a budget for this process's limit of open files. */
export function relayBudget(limits = readFileSync('/proc/self/limits', 'utf8')): RelayBudget {
  const limit = Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY);
  return new RelayBudget(Math.min(DESCRIPTORS_MAX, limit * SHARE_OF_LIMIT));
}
