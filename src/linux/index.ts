// Named exports, grouped by file in alphabetical order. This folder alone imports koffi.
export {
  bindMount,
  detachMount,
  type MountRequest,
  MS,
  mount,
  type Propagation,
  remount,
  setPropagation,
  unmount,
} from './mount.ts';
export { isMountPoint, type MountInfo, mountOf, parseMountInfo, readMountInfo } from './mountinfo.ts';
export { fitsMountOptions, mountOverlay, mountOverlayByOptions, type OverlayMount } from './overlay-mount.ts';
export { check, SyscallError } from './syscall-error.ts';
