export type * from './task-runtime.ts';
