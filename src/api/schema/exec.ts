import * as z from 'zod/mini';
import type { ExecConfig } from '../../spec/index.ts';
import { goBool, goInt, goList, goString, goStruct } from '../codec/go-json.ts';

const consoleSize = z.tuple([goInt, goInt]);

export const execConfig: z.ZodMiniType<ExecConfig> = goStruct({
  AttachStdin: goBool,
  AttachStdout: goBool,
  AttachStderr: goBool,
  ConsoleSize: consoleSize,
  DetachKeys: goString,
  Tty: goBool,
  Env: goList(goString, ''),
  Cmd: goList(goString, ''),
  Privileged: goBool,
  User: goString,
  WorkingDir: goString,
});

export const execStartBody = goStruct({ Detach: goBool, Tty: goBool, ConsoleSize: consoleSize });
