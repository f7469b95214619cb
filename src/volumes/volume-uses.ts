/**
 * The containers that need a volume (which keeps it from removal), and those that have it mounted. In memory:
 * containers register again after a restart.
 */
export class VolumeUses {
  readonly #users = new Map<string, Set<string>>();
  readonly #mounted = new Map<string, Set<string>>();

  reference(name: string, containerId: string): void {
    add(this.#users, name, containerId);
  }

  release(name: string, containerId: string): void {
    take(this.#users, name, containerId);
  }

  users(name: string): readonly string[] {
    return [...(this.#users.get(name) ?? [])];
  }

  isUsed(name: string): boolean {
    return this.#users.has(name);
  }

  mount(name: string, containerId: string): void {
    add(this.#mounted, name, containerId);
  }

  /** Returns whether the container was the last that had it mounted. */
  unmount(name: string, containerId: string): boolean {
    return take(this.#mounted, name, containerId) && !this.#mounted.has(name);
  }

  /** The containers that have it mounted. */
  mounters(name: string): readonly string[] {
    return [...(this.#mounted.get(name) ?? [])];
  }

  mountCount(name: string): number {
    return this.#mounted.get(name)?.size ?? 0;
  }

  /** Drops containers that no longer exist. */
  keepOnly(containerIds: ReadonlySet<string>): void {
    for (const uses of [this.#users, this.#mounted]) {
      for (const [name, ids] of uses) for (const id of ids) if (!containerIds.has(id)) take(uses, name, id);
    }
  }
}

function add(uses: Map<string, Set<string>>, name: string, id: string): void {
  const ids = uses.get(name);
  if (ids === undefined) uses.set(name, new Set([id]));
  else ids.add(id);
}

function take(uses: Map<string, Set<string>>, name: string, id: string): boolean {
  const ids = uses.get(name);
  if (ids?.delete(id) !== true) return false;
  if (ids.size === 0) uses.delete(name);
  return true;
}
