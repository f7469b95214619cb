import { readdirSync, readFileSync } from 'node:fs';
import type { TestEngine } from './engine.ts';

/**
 * Kills the process that runs the supervisor's program with this exec root. None exists while it is being started. A
 * runtime has the path of a socket in the supervisor's folder among its arguments, and is not killed.
 */
export function killSupervisor({ execRoot }: TestEngine): void {
  for (const name of readdirSync('/proc').filter((each) => /^\d+$/.test(each))) {
    try {
      const args = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0');
      const runsSupervisor = args.some((arg) => /\/(?:gantry-supervisor\.js|supervisor\/main\.ts)$/.test(arg));
      if (runsSupervisor && args.includes(execRoot)) process.kill(Number(name), 'SIGKILL');
    } catch {
      // The process has ended meanwhile.
    }
  }
}
