import type { MountRequest } from '../linux/index.ts';

/** The request to the process of `network-mount-process.ts`: one JSON value on its standard input. */
export type NetworkMountJob =
  | { readonly kind: 'mount'; readonly request: MountRequest }
  /** Detaches every mount at the target. */
  | { readonly kind: 'detach'; readonly target: string };

/** The response: one JSON value on the process's standard output. `errno` comes from mount(2) or umount2(2). */
export type NetworkMountAnswer =
  | { readonly ok: true }
  | { readonly ok: false; readonly errno?: number; readonly message: string };
