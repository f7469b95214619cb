import type * as z from 'zod/mini';
import type { ExecConfig } from '../../spec/index.ts';
import { goBool, goList, goPair, goString, goStruct } from '../codec/go-json.ts';

export const execConfig: z.ZodMiniType<ExecConfig> = goStruct({
  AttachStdin: goBool,
  AttachStdout: goBool,
  AttachStderr: goBool,
  ConsoleSize: goPair,
  DetachKeys: goString,
  Tty: goBool,
  Env: goList(goString, ''),
  Cmd: goList(goString, ''),
  Privileged: goBool,
  User: goString,
  WorkingDir: goString,
});

export const execStartBody = goStruct({ Detach: goBool, Tty: goBool, ConsoleSize: goPair });
