// Named exports, grouped by file in alphabetical order. This folder alone imports koffi.
export { check, SyscallError } from './syscall-error.ts';
