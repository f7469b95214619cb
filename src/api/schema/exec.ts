import type * as z from 'zod/mini';
import type { ExecConfig } from '../../spec/index.ts';
import { goArgument, goBool, goList, goPair, goPath, goRoot, goString, goStruct } from '../codec/go-json.ts';

export const execConfig: z.ZodMiniType<ExecConfig> = goRoot(
  'ExecOptions',
  goStruct('container.ExecOptions', {
    AttachStdin: goBool,
    AttachStdout: goBool,
    AttachStderr: goBool,
    ConsoleSize: goPair,
    DetachKeys: goString,
    Tty: goBool,
    Env: goList(goString, ''),
    Cmd: goList(goArgument, ''),
    Privileged: goBool,
    User: goString,
    WorkingDir: goPath,
  }),
);

export const execStartBody = goRoot(
  'ExecStartOptions',
  goStruct('container.ExecStartOptions', { Detach: goBool, Tty: goBool, ConsoleSize: goPair }),
);
