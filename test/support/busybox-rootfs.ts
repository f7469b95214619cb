import { chmodSync, copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const APPLETS = [
  'sh cat echo true false sleep ls ps id pwd env head tail seq dd kill stty tr wc grep sed awk test printf',
  'mkdir rm ln mv cp touch chmod chown stat readlink date od tee sort uniq cut xargs find httpd nc wget ip ifconfig',
  'mount umount hostname nproc free top uname sync yes mkfifo timeout trap usleep vi md5sum sha256sum tar gzip ping',
].flatMap((line) => line.split(' '));

/**
 * Makes a root file system of the machine's static busybox in `folder`, a new folder: /bin with its applets, passwd,
 * group and empty mount points.
 */
export function makeBusyboxRootfs(folder: string, busybox = '/bin/busybox'): string {
  for (const name of ['bin', 'dev', 'etc', 'proc', 'root', 'sys', 'tmp', 'usr/bin', 'var']) {
    mkdirSync(join(folder, name), { recursive: true, mode: 0o755 });
  }
  chmodSync(join(folder, 'tmp'), 0o1777);
  copyFileSync(busybox, join(folder, 'bin/busybox'));
  chmodSync(join(folder, 'bin/busybox'), 0o755);
  for (const applet of APPLETS) symlinkSync('busybox', join(folder, 'bin', applet));
  const files = {
    passwd: 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n',
    group: 'root:x:0:\nnogroup:x:65534:\n',
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, 'etc', name), text);
  return folder;
}
