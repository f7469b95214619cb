export { createTaskRuntime, type SupervisedTaskRuntime, type TaskRuntimeOptions } from './create-task-runtime.ts';
export { exitCodeOfStartError } from './driver/runtime-errors.ts';
export type { RuntimeOption, Runtimes } from './driver/runtimes.ts';
export type {
  AttachStreams,
  ExecTask,
  KnownTask,
  StartedTask,
  StartTask,
  TaskExit,
  TaskRuntime,
  TaskStats,
} from './task-runtime.ts';
