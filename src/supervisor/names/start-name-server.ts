import { constants, existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { spawnProcess } from '../../linux/index.ts';
import { supervisorFolder } from '../../spec/index.ts';
import type { ChildReaper } from '../child-reaper.ts';

const { O_APPEND, O_CREAT, O_RDONLY, O_WRONLY } = constants;
const FLAGS = ['--max-semi-space-size=1', '--disable-warning=ExperimentalWarning'];

export interface StartNameServerDeps {
  readonly execRoot: string;
  readonly reaper: ChildReaper;
}

export interface NamesProcess {
  readonly hasEnded: boolean;
}

/** Starts gantry-names, with its output in supervisor.log. @throws SyscallError */
export function startNameServer({ execRoot, reaper }: StartNameServerDeps): NamesProcess {
  const log = `${supervisorFolder(execRoot)}/supervisor.log`;
  const pid = spawnProcess(process.execPath, [...FLAGS, program(), '--exec-root', execRoot], {
    env: [`PATH=${process.env['PATH'] ?? ''}`, 'UV_THREADPOOL_SIZE=1'],
    files: [
      { fd: 0, path: '/dev/null', flags: O_RDONLY },
      { fd: 1, path: log, flags: O_WRONLY | O_CREAT | O_APPEND },
      { fd: 2, path: log, flags: O_WRONLY | O_CREAT | O_APPEND },
    ],
  });
  const child = { hasEnded: false };
  reaper.watchProgram(pid, () => {
    child.hasEnded = true;
  });
  return child;
}

/** The bundle or the sources beside ours. */
function program(): string {
  const bundle = join(dirname(process.argv[1] ?? ''), 'gantry-names.js');
  return existsSync(bundle) ? bundle : join(import.meta.dirname, '../../names/main.ts');
}
