import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../node.mjs';

/**
 * The folder that a machine sees as /job, until `remove`.
 *
 *     repository/  a copy of the project, so that later edits and builds change nothing; its packages are the project's
 *     cgroups      v1, v2 or hybrid          files  the test files, a line each
 *     tmp/         mount point of the machine's temporary folder
 *     results/     of guest.sh: tests (the output), code (the exit code); of the machine: console
 */
export function newJob({ cgroups, files }) {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-kernels-'));
  for (const name of ['bin', 'dist', 'src', 'test', 'tools', 'package.json'])
    cpSync(join(root, name), join(folder, 'repository', name), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(folder, 'repository', 'node_modules'));
  for (const name of ['tmp', 'results']) mkdirSync(join(folder, name));
  writeFileSync(join(folder, 'cgroups'), `${cgroups}\n`);
  writeFileSync(join(folder, 'files'), `${files.join('\n')}\n`);
  return {
    folder,
    /** A file of results. Undefined when there is none. */
    result(name) {
      try {
        return readFileSync(join(folder, 'results', name), 'utf8');
      } catch {
        return undefined;
      }
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
