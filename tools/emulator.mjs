// An emulator of arm64 and programs to run on it, for the tests, from Debian. Plain Node 18 code without dependencies.
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { debianRepository, unpackPackages } from './debian-packages.mjs';

const SUITE = 'trixie';

/**
 * Downloads QEMU's emulator (`qemu-aarch64`) and a busybox for arm64 (`busybox`) into `folder`, both static, unless it is there. Returns
 * the reasons why it is missing, one sentence each.
 */
export function downloadEmulator(folder) {
  if (existsSync(folder) || process.arch !== 'x64') return [];
  const repository = debianRepository();
  if (repository === undefined) return ['apt has no repository of Debian, from which the emulator comes'];
  mkdirSync(dirname(folder), { recursive: true });
  const temporary = mkdtempSync(`${folder}.`);
  try {
    const from = { repository, suite: SUITE };
    unpackPackages({ ...from, names: ['qemu-user'], folder: join(temporary, 'host') });
    unpackPackages({ ...from, names: ['busybox-static'], architecture: 'arm64', folder: join(temporary, 'arm64') });
    const kept = join(temporary, 'kept');
    mkdirSync(kept);
    renameSync(join(temporary, 'host/unpacked/usr/bin/qemu-aarch64'), join(kept, 'qemu-aarch64'));
    renameSync(join(temporary, 'arm64/unpacked/usr/bin/busybox'), join(kept, 'busybox'));
    renameSync(kept, folder);
    return [];
  } catch (error) {
    return [`the emulator of Debian ${SUITE} cannot be downloaded: ${error.message}`];
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}
