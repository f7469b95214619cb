import type { MountRequest } from '../linux/index.ts';

/** What the process of `network-mount-process.ts` is asked to do: one JSON value on its standard input. */
export type NetworkMountJob =
  | { readonly kind: 'mount'; readonly request: MountRequest }
  /** Detaches every mount at the target. */
  | { readonly kind: 'detach'; readonly target: string };

/** Its answer: one JSON value on its standard output. `errno` is that of mount(2) or umount2(2). */
export type NetworkMountAnswer =
  | { readonly ok: true }
  | { readonly ok: false; readonly errno?: number; readonly message: string };
