import { readFileSync } from 'node:fs';

/** Part of the engine's descriptors that relayed traffic may take, and the part of those for one port. */
const SHARE_OF_LIMIT = 1 / 4;
const SHARE_OF_PORT = 1 / 4;
const DESCRIPTORS_MAX = 32_768;

/** The descriptors of relayed traffic. Without a limit remote clients could take all descriptors of the engine. */
export class RelayBudget {
  /** Most descriptors of one published port. */
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

  giveBack(count: number): void {
    this.#left += count;
  }

  get left(): number {
    return this.#left;
  }
}

/** The budget under this process's limit of open files. */
export function relayBudget(limits = readFileSync('/proc/self/limits', 'utf8')): RelayBudget {
  const limit = Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY);
  return new RelayBudget(Math.min(DESCRIPTORS_MAX, limit * SHARE_OF_LIMIT));
}
