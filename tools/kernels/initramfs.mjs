import { chmodSync, copyFileSync, cpSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { findBusybox } from '../busybox-image.mjs';
import { output } from './kernel-packages.mjs';

/** The modules that are needed to mount the root. The kernel loads all others by itself. */
const MODULES = ['virtio_pci', '9pnet_virtio', '9p', 'overlay'];
const DECOMPRESS = { '.xz': 'xz', '.zst': 'zstd', '.gz': 'gzip' };

/**
 * Makes the archive from which a machine starts, `initramfs` in `folder`: busybox, the modules of `kernel` that access
 * this machine's files, and `init.sh`, which mounts them. Returns its path.
 */
export function initramfs(kernel, folder) {
  const top = join(folder, 'initramfs.d');
  for (const name of ['bin', 'modules', 'dev', 'proc', 'lower', 'upper', 'root'])
    mkdirSync(join(top, name), { recursive: true });
  copyFileSync(findBusybox(), join(top, 'bin', 'busybox'));
  cpSync(new URL('init.sh', import.meta.url), join(top, 'init'));
  chmodSync(join(top, 'init'), 0o755);
  moduleFiles(kernel).forEach((path, index) => {
    const suffix = Object.keys(DECOMPRESS).find((end) => path.endsWith(end));
    const name = `${String(index).padStart(2, '0')}-${basename(path, suffix)}`;
    const bytes = suffix === undefined ? undefined : output(DECOMPRESS[suffix], ['-dc', path], { encoding: 'buffer' });
    if (bytes === undefined) copyFileSync(path, join(top, 'modules', name));
    else writeFileSync(join(top, 'modules', name), bytes);
  });
  const names = ['.', ...readdirSync(top, { recursive: true })].join('\n');
  const archive = output('cpio', ['--create', '--format=newc', '--quiet'], {
    cwd: top,
    input: Buffer.from(`${names}\n`),
    encoding: 'buffer',
  });
  writeFileSync(join(folder, 'initramfs'), archive);
  return join(folder, 'initramfs');
}

/** Files of the modules, each after those that it depends on. */
function moduleFiles({ folder, release }) {
  const found = new Set();
  for (const name of MODULES)
    for (const line of output('modprobe', ['-d', folder, '-S', release, '--show-depends', name]).split('\n'))
      if (line.startsWith('insmod ')) found.add(line.split(' ')[1]);
  return [...found];
}
