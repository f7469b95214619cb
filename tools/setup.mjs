// Installs what the project needs on this machine: npm packages, system packages, the bundles. Repeating it is cheap.
// Plain Node 18 code without dependencies, since it runs first in a fresh clone.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, join } from 'node:path';
import { findBusybox } from './busybox-image.mjs';
import { downloadPlugins } from './client-plugins.mjs';
import { downloadEmulator } from './emulator.mjs';
import { layPlugins } from './lay-plugins.mjs';
import { downloadLogReceivers } from './log-receivers.mjs';
import { pinnedNode, root, run } from './node.mjs';

/** The programs and libraries of the host that the engine needs, and their packages on Debian and Ubuntu. */
const NEEDS = [
  { what: 'crun or runc (runs containers)', has: () => onPath('crun') || onPath('runc'), debian: ['crun', 'runc'] },
  {
    what: 'libnftables (firewall)',
    has: () => library('libnftables.so.1') || onPath('nft'),
    debian: ['libnftables1', 'nftables'],
  },
  { what: 'a static busybox (the demo image)', has: hasBusybox, debian: ['busybox-static'] },
  {
    what: 'tini (containers with --init)',
    has: () => ['tini', 'tini-static', 'catatonit'].some(onPath),
    debian: ['tini'],
  },
  { what: 'ps (docker top)', has: () => onPath('ps'), debian: ['procps'] },
];
/** Further programs for the tests, which examine the host with them. */
const TEST_NEEDS = [
  { what: 'runc beside crun (both are tested)', has: () => onPath('runc') && onPath('crun'), debian: ['crun', 'runc'] },
  { what: 'nft', has: () => onPath('nft'), debian: ['nftables'] },
  { what: 'ip and tc', has: () => onPath('ip') && onPath('tc'), debian: ['iproute2'] },
  // Its package does not turn it on. That of firewalld does where systemd runs: there it is not installed for a test.
  { what: 'ufw (beside which containers are tested)', has: () => onPath('ufw'), debian: ['ufw'] },
  {
    what: 'firewalld (beside which containers are tested)',
    has: () => onPath('firewalld') || existsSync('/run/systemd/system') || !onPath('apt-get'),
    debian: ['firewalld', 'dbus'],
  },
  { what: 'script (a real terminal)', has: () => onPath('script'), debian: ['bsdutils'] },
  { what: 'zstd', has: () => onPath('zstd'), debian: ['zstd'] },
  {
    what: 'mkfs.ext4 (volumes with a size)',
    has: () => onPath('mkfs.ext4') || existsSync('/usr/sbin/mkfs.ext4') || existsSync('/sbin/mkfs.ext4'),
    debian: ['e2fsprogs'],
  },
  {
    what: 'mkfs.xfs (copies of volumes that share their blocks)',
    has: () => onPath('mkfs.xfs') || existsSync('/usr/sbin/mkfs.xfs') || existsSync('/sbin/mkfs.xfs'),
    debian: ['xfsprogs'],
  },
  {
    what: 'xz and bzip2 (archives of import and load)',
    has: () => onPath('xz') && onPath('bzip2'),
    debian: ['xz-utils', 'bzip2'],
  },
  { what: 'git (builds from repositories)', has: () => onPath('git'), debian: ['git'] },
  { what: 'skopeo', has: () => onPath('skopeo'), debian: ['skopeo'] },
  { what: 'openssl (certificates of test registries)', has: () => onPath('openssl'), debian: ['openssl'] },
  { what: 'pass and gpg (credential helper)', has: () => onPath('pass') && onPath('gpg'), debian: ['pass', 'gnupg'] },
  {
    what: 'secret-tool, gnome-keyring and a session bus (credential helper)',
    has: () => ['secret-tool', 'gnome-keyring-daemon', 'dbus-daemon'].every(onPath),
    debian: ['libsecret-tools', 'gnome-keyring', 'dbus'],
  },
  {
    what: 'debootstrap (images of real programs are built on a Debian of its own)',
    has: () => onPath('debootstrap') || !onPath('apt-get'),
    debian: ['debootstrap'],
  },
  {
    what: 'docker-registry (pushed to and pulled from)',
    has: () => onPath('docker-registry'),
    debian: ['docker-registry'],
  },
  {
    what: 'docker-compose (projects by an old client)',
    has: () => onPath('docker-compose'),
    debian: ['docker-compose'],
  },
  {
    what: 'gcc, musl-gcc and go (resolvers of names in containers)',
    has: () => ['gcc', 'musl-gcc', 'go'].every(onPath),
    debian: ['gcc', 'libc6-dev', 'musl-tools', 'golang-go'],
  },
];
/** Further programs for the bench. */
const BENCH_NEEDS = [{ what: 'dnsperf', has: () => onPath('dnsperf'), debian: ['dnsperf'] }];
/** Further programs for tests in virtual machines with kernels of the distribution. */
const MACHINE_NEEDS = [
  {
    what: 'qemu-system-x86_64 (virtual machines; x64 alone)',
    has: () => onPath('qemu-system-x86_64'),
    debian: ['qemu-system-x86'],
  },
  {
    what: 'apt-get and dpkg-deb (kernels of Debian or Ubuntu)',
    has: () => onPath('apt-get') && onPath('dpkg-deb'),
    debian: ['apt', 'dpkg'],
  },
  { what: 'modprobe and depmod', has: () => onPath('modprobe') && onPath('depmod'), debian: ['kmod'] },
  { what: 'cpio', has: () => onPath('cpio'), debian: ['cpio'] },
];
const OTHERS = {
  Fedora:
    'dnf install crun runc nftables busybox tini procps-ng iproute iproute-tc ufw util-linux-script zstd e2fsprogs xfsprogs xz bzip2 skopeo git-core pass gnupg2 libsecret gnome-keyring dbus-daemon gcc musl-gcc golang',
  Alpine:
    'apk add crun runc nftables busybox-static tini procps iproute2 ufw util-linux-misc zstd e2fsprogs xfsprogs xz bzip2 skopeo git git-daemon pass gnupg libsecret gnome-keyring dbus gcc musl-dev go',
  Arch: 'pacman -S crun runc nftables busybox tini procps-ng iproute2 ufw util-linux zstd e2fsprogs xfsprogs xz bzip2 skopeo git pass gnupg libsecret gnome-keyring dbus gcc musl go',
};

function hasBusybox() {
  try {
    return findBusybox() !== '';
  } catch {
    return false;
  }
}

function onPath(name) {
  return [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin', '/usr/local/sbin'].some((folder) =>
    executable(join(folder, name)),
  );
}

function executable(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function library(name) {
  return [
    '/usr/lib',
    '/usr/lib64',
    '/lib',
    `/usr/lib/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu`,
  ].some((folder) => existsSync(join(folder, name)));
}

/** Installs missing packages. Returns true when nothing is missing any more. */
function systemPackages(needs) {
  const missing = () => needs.filter((need) => !need.has());
  if (missing().length === 0) return true;
  const packages = [...new Set(missing().flatMap((need) => need.debian))];
  if (onPath('apt-get') && process.getuid?.() === 0) {
    console.log(`setup: installing ${packages.join(', ')}`);
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    const install = () =>
      spawnSync('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...packages], {
        stdio: ['ignore', 'pipe', 'pipe'],
        env,
        encoding: 'utf8',
      });
    let result = install();
    if (result.status !== 0) {
      spawnSync('apt-get', ['update', '-q'], { stdio: 'ignore', env });
      result = install();
    }
    if (result.status !== 0) console.error(result.stderr);
  }
  const left = missing();
  if (left.length === 0) return true;
  console.error(
    `setup: this machine lacks:\n${left.map((need) => `  - ${need.what}`).join('\n')}\nInstall it as root:`,
  );
  console.error(`  Debian, Ubuntu: apt-get install ${packages.join(' ')}`);
  for (const [name, command] of Object.entries(OTHERS)) console.error(`  ${name}: ${command}`);
  return false;
}

/** Installs exactly the packages of package-lock.json, unless they are installed. */
function npmPackages() {
  const stamp = join(root, 'node_modules', '.gantry-lock');
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock && existsSync(pinnedNode)) return true;
  if (existsSync(pinnedNode) && isInstalled()) {
    writeStamp(stamp, lock);
    return true;
  }
  console.log('setup: installing npm packages');
  // No package needs an install script: prebuilt binaries are packages of their own. Optional packages are the binaries
  // for this platform; development ones are the type checker, the bundler and the test clients.
  const kinds = ['--include=optional', '--include=dev'];
  if (run('npm', ['ci', '--ignore-scripts', ...kinds, '--no-audit', '--no-fund', '--loglevel=error']) !== 0)
    return false;
  if (!existsSync(pinnedNode)) {
    console.error(
      `setup: no pinned Node for ${process.platform} ${process.arch}: Gantry runs on Linux on x64 and arm64`,
    );
    return false;
  }
  writeStamp(stamp, lock);
  return true;
}

/** Whether npm's record of node_modules agrees with a lock that has changed: for this platform it may be the same. */
function isInstalled() {
  const packagesIn = (path) => JSON.parse(readFileSync(join(root, path), 'utf8')).packages;
  const record = 'node_modules/.package-lock.json';
  if (!existsSync(join(root, record))) return false;
  const installed = packagesIn(record);
  const locked = packagesIn('package-lock.json');
  const forThisPlatform = ({ os, cpu, libc }) =>
    [os ?? process.platform].flat().includes(process.platform) &&
    [cpu ?? process.arch].flat().includes(process.arch) &&
    libc === undefined;
  return (
    Object.entries(installed).every(([path, { integrity }]) => locked[path]?.integrity === integrity) &&
    Object.entries(locked).every(([path, entry]) => path === '' || installed[path] || !forThisPlatform(entry))
  );
}

/** A file of its own: node_modules may be a tree of hard links. */
function writeStamp(stamp, lock) {
  rmSync(stamp, { force: true });
  writeFileSync(stamp, lock);
}

/** Bundles when a source is newer than the bundle. */
function bundles() {
  const stamp = join(root, 'dist', '.built');
  const built = existsSync(stamp) ? statSync(stamp).mtimeMs : 0;
  const newest = (folder) =>
    Math.max(
      0,
      ...readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => statSync(join(entry.parentPath ?? entry.path, entry.name)).mtimeMs),
    );
  if (
    built >
    Math.max(
      newest(join(root, 'src')),
      ...['build.mjs', 'build-cli.mjs', 'bundle-plugins.mjs'].map(
        (name) => statSync(join(root, 'tools', name)).mtimeMs,
      ),
      statSync(join(root, 'package-lock.json')).mtimeMs,
    )
  )
    return true;
  if (run(pinnedNode, ['tools/build.mjs']) !== 0) return false;
  mkdirSync(join(root, 'dist'), { recursive: true });
  writeFileSync(stamp, '');
  return true;
}

/**
 * Sets up the project for running; with `tests` also for testing, with `bench` for the bench, with `machines` for
 * virtual machines. Exits with
 * a list of missing packages when it cannot.
 */
export function setUp({ tests = false, bench = false, machines = false, build = true } = {}) {
  const needs = [
    ...NEEDS,
    ...(tests ? TEST_NEEDS : []),
    ...(bench ? BENCH_NEEDS : []),
    ...(machines ? MACHINE_NEEDS : []),
  ];
  const ok = npmPackages() && systemPackages(needs) && (!build || bundles());
  if (!ok) process.exit(1);
  // Tests with these programs say that they are skipped where a machine cannot download them.
  if (tests)
    for (const reason of [
      ...downloadPlugins(join(root, '.cache', 'plugins')),
      ...downloadEmulator(join(root, '.cache', 'emulator')),
      ...downloadLogReceivers(join(root, '.cache', 'log-receivers')),
    ])
      console.error(`setup: ${reason}`);
}

/** The reasons why containers cannot run here, one sentence each. Empty when they can. */
export function obstacles() {
  const found = [];
  if (process.platform !== 'linux') found.push('containers need a Linux kernel');
  else if (process.getuid?.() !== 0)
    found.push('the engine makes namespaces and mounts: run this as root (sudo npm run …)');
  const filesystems = existsSync('/proc/filesystems') ? readFileSync('/proc/filesystems', 'utf8') : '';
  if (!/\bcgroup2?\b/.test(filesystems)) found.push('the kernel has no control groups (CONFIG_CGROUPS)');
  for (const [name, option] of [
    ['pid', 'CONFIG_PID_NS'],
    ['net', 'CONFIG_NET_NS'],
    ['mnt', 'CONFIG_NAMESPACES'],
    ['ipc', 'CONFIG_IPC_NS'],
    ['uts', 'CONFIG_UTS_NS'],
  ])
    if (!existsSync(`/proc/self/ns/${name}`)) found.push(`the kernel has no ${name} namespaces (${option})`);
  return found;
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  setUp({ tests: process.argv.includes('--tests') });
  const asked = process.argv.indexOf('--docker-plugins');
  if (asked > 0) for (const done of layPlugins({ folder: process.argv[asked + 1] })) console.log(`setup: ${done}`);
  console.log('setup: ready');
}
