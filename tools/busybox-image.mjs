/**
 * Makes `busybox:latest` from the machine's own static busybox (package busybox-static on Debian and Ubuntu), since the
 * engine must work without a registry. Equal binaries give equal bytes, so that the image's id is stable.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants, readFileSync } from 'node:fs';
import { tarArchive } from './tar-writer.mjs';

const CANDIDATES = ['/bin/busybox', '/usr/bin/busybox', '/bin/busybox.static', '/usr/lib/busybox/busybox-static'];
const ARCHITECTURES = {
  x64: 'amd64',
  arm64: 'arm64',
  arm: 'arm',
  ia32: '386',
  ppc64: 'ppc64le',
  riscv64: 'riscv64',
  s390x: 's390x',
};
const CREATED = '2024-01-01T00:00:00Z';

/** Returns the first statically linked busybox. Throws an Error that names the package to install. */
export function findBusybox() {
  for (const path of CANDIDATES) {
    try {
      accessSync(path, constants.X_OK);
    } catch {
      continue;
    }
    // A dynamically linked program names its interpreter (PT_INTERP) near the head of the file.
    if (!/\/ld-(?:linux|musl)[\w.-]*\.so/.test(readFileSync(path).subarray(0, 4096).toString('latin1'))) return path;
  }
  throw new Error('no statically linked busybox found: install the package busybox-static');
}

/** Entries of a root file system: busybox with a link per applet, the usual directories, root and nobody. */
export function busyboxEntries(busybox = findBusybox()) {
  const applets = execFileSync(busybox, ['--list'], { encoding: 'utf8' }).split('\n').filter(Boolean).sort();
  const directories = [
    'bin',
    'dev',
    'etc',
    'home',
    'proc',
    'root',
    'sys',
    'tmp',
    'usr',
    'usr/bin',
    'usr/sbin',
    'sbin',
    'lib',
    'var',
    'var/spool',
    'var/spool/mail',
    'var/www',
  ];
  const modes = { tmp: 0o1777, root: 0o700 };
  return [
    ...directories.map((name) => ({ name, type: 'directory', mode: modes[name] ?? 0o755 })),
    { name: 'bin/busybox', content: readFileSync(busybox), mode: 0o755 },
    ...applets
      .filter((name) => name !== 'busybox')
      .map((name) => ({ name: `bin/${name}`, type: 'symlink', target: 'busybox' })),
    { name: 'usr/bin/env', type: 'symlink', target: '../../bin/env' },
    { name: 'etc/passwd', content: PASSWD },
    { name: 'etc/group', content: GROUP },
    { name: 'etc/shadow', content: 'root:*:::::::\nnobody:*:::::::\n', mode: 0o640 },
    { name: 'etc/nsswitch.conf', content: 'passwd: files\ngroup: files\nhosts: files dns\n' },
  ];
}

/** The root file system as a tar, for `docker import`. */
export function busyboxRootfs(busybox = findBusybox()) {
  return tarArchive(busyboxEntries(busybox));
}

/** A docker-archive, in the form of `docker save` and `docker load`. */
export function busyboxArchive(options = {}) {
  const { tags = ['busybox:latest'], config = {}, layers = [] } = options;
  return imageArchive({
    tags,
    layers: [busyboxRootfs(options.busybox ?? findBusybox()), ...layers],
    config: { Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'], Cmd: ['sh'], ...config },
  });
}

/** A docker-archive of the given layers (tars, bottom first) and container config. */
export function imageArchive({ tags, layers, config }) {
  const digests = layers.map(sha256);
  const image = Buffer.from(
    JSON.stringify({
      architecture: ARCHITECTURES[process.arch] ?? process.arch,
      config,
      created: CREATED,
      history: layers.map((_, index) => ({
        created: CREATED,
        created_by: `/bin/sh -c #(nop) ADD layer ${index} in / `,
      })),
      os: 'linux',
      rootfs: { type: 'layers', diff_ids: digests.map((hex) => `sha256:${hex}`) },
    }),
  );
  const unique = new Map(digests.map((hex, index) => [hex, layers[index]]));
  const manifest = [
    { Config: `${sha256(image)}.json`, RepoTags: tags, Layers: digests.map((hex) => `${hex}/layer.tar`) },
  ];
  return tarArchive([
    ...[...unique].flatMap(([hex, content]) => [
      { name: hex, type: 'directory' },
      { name: `${hex}/layer.tar`, content },
    ]),
    { name: `${sha256(image)}.json`, content: image },
    { name: 'manifest.json', content: JSON.stringify(manifest) },
  ]);
}

function sha256(bytes) {
  return createHash('sha256').update(bytes).digest('hex');
}

const PASSWD = `root:x:0:0:root:/root:/bin/sh
daemon:x:1:1:daemon:/usr/sbin:/bin/false
bin:x:2:2:bin:/bin:/bin/false
sys:x:3:3:sys:/dev:/bin/false
sync:x:4:100:sync:/bin:/bin/sync
mail:x:8:8:mail:/var/spool/mail:/bin/false
www-data:x:33:33:www-data:/var/www:/bin/false
operator:x:37:37:Operator:/var:/bin/false
nobody:x:65534:65534:nobody:/home:/bin/false
`;

const GROUP = `root:x:0:
daemon:x:1:
bin:x:2:
sys:x:3:
adm:x:4:
tty:x:5:
disk:x:6:
wheel:x:10:root
mail:x:8:
www-data:x:33:
staff:x:50:
users:x:100:
nogroup:x:65534:
`;
