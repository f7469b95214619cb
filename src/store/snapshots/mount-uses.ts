import type { SnapshotDriver, WantedMount } from './driver.ts';
import type { UsedRoot } from './snapshots.ts';

/**
 * Lets a reader use a root beside the container that runs on it. An overlay cannot be mounted twice with one upper
 * folder, so both share one mount, which stays until neither needs it.
 */
export function mountUses(driver: SnapshotDriver): {
  readonly driver: SnapshotDriver;
  /** @throws as the driver's mount */
  readonly use: (writable: WantedMount) => Promise<UsedRoot>;
  /** Whether a reader uses the root. */
  readonly isUsed: (id: string) => boolean;
} {
  const users = new Map<string, number>();
  /** Roots that only their readers keep mounted. */
  const keptForReaders = new Set<string>();
  return {
    driver: {
      ...driver,
      mount(writable) {
        keptForReaders.delete(writable.id);
        return driver.mount(writable);
      },
      async unmount(id) {
        if (users.has(id)) keptForReaders.add(id);
        else await driver.unmount(id);
      },
    },
    isUsed: (id) => users.has(id),
    async use(writable) {
      const { id } = writable;
      if (!driver.isMounted(id)) keptForReaders.add(id);
      users.set(id, (users.get(id) ?? 0) + 1);
      let left = false;
      const leave = async (): Promise<void> => {
        if (left) return;
        left = true;
        const others = (users.get(id) ?? 1) - 1;
        if (others > 0) users.set(id, others);
        else users.delete(id);
        if (others === 0 && keptForReaders.delete(id)) await driver.unmount(id);
      };
      try {
        const path = await driver.mount(writable);
        return { path, [Symbol.asyncDispose]: leave };
      } catch (error) {
        await leave();
        throw error;
      }
    },
  };
}
