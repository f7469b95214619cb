import { copyFileSync, mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { command } from './command.ts';

/** Copies a program of this host, with its libraries, into a folder that becomes an image's root: to `/NAME`, which needs `LD_LIBRARY_PATH=/lib`. */
export async function copyProgram(program: string, root: string): Promise<void> {
  const { stdout } = await command('ldd', [program]);
  const libraries = [...stdout.matchAll(/(\/\S+) \(0x/g)].map(([, path]) => path ?? '');
  for (const path of libraries) {
    // The linker's folder is found by its whole path, and has the others too.
    const place = join(root, path.includes('/ld-') ? path : `/lib/${basename(path)}`);
    mkdirSync(join(place, '..'), { recursive: true });
    copyFileSync(path, place);
  }
  mkdirSync(root, { recursive: true });
  copyFileSync(program, join(root, basename(program)));
}
