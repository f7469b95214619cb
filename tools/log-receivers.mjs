// Receivers of logs for the tests, from Debian, with the libraries that they need: a root to run them in. Plain Node 18 code without dependencies.
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { debianRepository, unpackPackages } from './debian-packages.mjs';

const SUITE = 'trixie';
const PACKAGES =
  'rsyslog rsyslog-gnutls systemd libsystemd-shared libsystemd0 libc6 libgcc-s1 libestr0 libfastjson4 liblognorm5 libgnutls30t64 libgcrypt20 ' +
  'libgpg-error0 libseccomp2 libapparmor1 libselinux1 libmount1 libblkid1 libcap2 libacl1 libaudit1 libcap-ng0 libpam0g libkmod2 libcrypt1 ' +
  'libssl3t64 liblz4-1 libzstd1 liblzma5 zlib1g libpcre2-8-0 libcurl3t64-gnutls libuuid1 libidn2-0 libunistring5 libp11-kit0 libtasn1-6 ' +
  'libnettle8t64 libhogweed6t64 libgmp10 libffi8 libbrotli1';
/** journald keeps its journal in /run, and reads nothing of the kernel. */
const JOURNALD =
  '[Journal]\nStorage=volatile\nReadKMsg=no\nAudit=no\nForwardToSyslog=no\nForwardToWall=no\nRateLimitIntervalSec=0\n';

/**
 * Lays a root with rsyslogd and systemd-journald into `folder`, unless it is there. Returns the reasons why it is missing, one sentence
 * each.
 */
export function downloadLogReceivers(folder) {
  if (existsSync(folder)) return [];
  const repository = debianRepository();
  if (repository === undefined) return ['apt has no repository of Debian, from which rsyslog and journald come'];
  mkdirSync(dirname(folder), { recursive: true });
  const temporary = mkdtempSync(`${folder}.`);
  try {
    unpackPackages({ repository, suite: SUITE, names: PACKAGES.split(' '), folder: temporary });
    const root = join(temporary, 'unpacked');
    for (const name of ['bin', 'lib', 'lib64', 'sbin'])
      if (!existsSync(join(root, name))) symlinkSync(`usr/${name}`, join(root, name));
    for (const name of ['dev', 'proc', 'run', 'sys', 'tmp', 'etc/systemd'])
      mkdirSync(join(root, name), { recursive: true });
    writeFileSync(join(root, 'etc/machine-id'), `${'0123456789abcdef'.repeat(2)}\n`);
    writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\n');
    writeFileSync(join(root, 'etc/group'), 'root:x:0:\nsystemd-journal:x:999:\n');
    writeFileSync(join(root, 'etc/systemd/journald.conf'), JOURNALD);
    renameSync(root, folder);
    return [];
  } catch (error) {
    return [`rsyslog and journald of Debian ${SUITE} cannot be downloaded: ${error.message}`];
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}
