import { readFileSync, type Stats, statSync } from 'node:fs';
import { isAddress } from './addresses.ts';

const LOOK_MILLISECONDS = 1000;

/** The name servers of a file like /etc/resolv.conf, which is read again when it has changed. */
export class ResolverFile {
  readonly #path: string;
  readonly #now: () => number;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #version = '';
  #servers: readonly string[] = [];

  /** `now` counts milliseconds. */
  constructor(path: string, now: () => number = () => performance.now()) {
    this.#path = path;
    this.#now = now;
  }

  /** Looks at the file at most once per second. Empty when there is none. */
  servers(): readonly string[] {
    const now = this.#now();
    if (now - this.#lookedAt < LOOK_MILLISECONDS) return this.#servers;
    this.#lookedAt = now;
    try {
      const version = versionOf(statSync(this.#path));
      if (version === this.#version) return this.#servers;
      this.#servers = nameServers(readFileSync(this.#path, 'utf8'));
      this.#version = version;
    } catch {
      this.#servers = [];
      this.#version = '';
    }
    return this.#servers;
  }
}

function versionOf({ dev, ino, size, mtimeMs }: Stats): string {
  return `${dev} ${ino} ${size} ${mtimeMs}`;
}

/** The addresses of `nameserver` lines (resolv.conf(5)), without those with a zone. */
export function nameServers(text: string): readonly string[] {
  const found: string[] = [];
  for (const line of text.split('\n')) {
    const [keyword, address = ''] = line.trim().split(/\s+/);
    if (keyword === 'nameserver' && isAddress(address)) found.push(address);
  }
  return found;
}
