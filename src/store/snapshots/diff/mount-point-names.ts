/** Every container has its own, even when its image was made of a container's files. */
export const CONTAINER_MARK = '.dockerenv';

/** A link to /proc/mounts, made with the mount points. */
export const MTAB = 'etc/mtab';

/**
 * Mount points that every container needs: a runtime makes them where the image has none. Docker keeps them in a layer
 * of their own, so that they are not changes while they are empty.
 */
export const MOUNT_POINTS: ReadonlySet<string> = new Set([
  ...[CONTAINER_MARK, 'dev', 'dev/console', 'dev/mqueue', 'dev/pts', 'dev/shm', 'etc', 'etc/hostname'],
  ...['etc/hosts', MTAB, 'etc/resolv.conf', 'proc', 'run', 'run/secrets', 'sys'],
]);
