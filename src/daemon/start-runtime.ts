import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Logger } from '../base/logger.ts';
import { createTaskRuntime, type SupervisedTaskRuntime } from '../runtime/index.ts';
import type { Config } from './config/config.ts';

/**
 * Connects to the supervisor, or starts it. That is a process of its own: begin with it, and do other work meanwhile.
 */
export function startRuntime(config: Config, logger: Logger): Promise<SupervisedTaskRuntime> {
  return createTaskRuntime({
    execRoot: config.execRoot,
    runtimes: config.runtimes,
    defaultRuntime: config.defaultRuntime,
    supervisorCommand: supervisorCommand(),
    logger,
  });
}

/** The supervisor's bundle or sources beside ours, with the same Node. */
function supervisorCommand(): readonly string[] {
  const bundle = join(dirname(process.argv[1] ?? ''), 'gantry-supervisor.js');
  const flags = ['--max-semi-space-size=1', '--disable-warning=ExperimentalWarning'];
  const main = existsSync(bundle) ? bundle : fileURLToPath(new URL('../supervisor/main.ts', import.meta.url));
  return [process.execPath, ...flags, main];
}
