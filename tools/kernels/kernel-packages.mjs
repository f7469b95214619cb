// Kernels of the distribution, unpacked from its packages into a cache and never installed.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/**
 * `linux-image-6.1.0-56-amd64` of Debian, `linux-image-6.8.0-45-generic` of Ubuntu. Kernels for clouds are excluded,
 * since they lack 9p.
 */
const PACKAGE = /^linux-image-((\d+\.\d+)\.\d[\w.+]*(?:-\d+)?-(?:amd64|generic))$/;

/** The oldest and the newest series that apt has, each in its latest release, unpacked below `cache`. */
export function kernels(cache) {
  let releases = releasesInApt();
  if (releases.length === 0) {
    output('apt-get', ['update', '-q']);
    releases = releasesInApt();
  }
  if (releases.length === 0) throw new Error('apt has no package with a kernel (linux-image-…)');
  const chosen = [...new Set([releases[0], releases.at(-1)])];
  mkdirSync(cache, { recursive: true });
  for (const name of readdirSync(cache))
    if (!chosen.includes(name)) rmSync(join(cache, name), { recursive: true, force: true });
  return chosen.map((release) => unpacked(release, cache));
}

/**
 * The cgroup arrangements to test with a kernel, and the reason when one is omitted: since Linux 6.11 version 1's
 * memory and cpusets are an option of the build.
 */
export function arrangementsOf(kernel) {
  const config = readFileSync(kernel.config, 'utf8');
  const missing = ['MEMCG_V1', 'CPUSETS_V1'].filter((name) => config.includes(`# CONFIG_${name} is not set`));
  const leftOut = missing.length > 0 ? `this kernel is built without ${missing.join(' and ')}` : undefined;
  return [{ cgroups: 'v2' }, { cgroups: 'v1', leftOut }, { cgroups: 'hybrid', leftOut }];
}

/** The latest release of each series, ascending. */
function releasesInApt() {
  const latest = new Map();
  for (const name of output('apt-cache', ['pkgnames', 'linux-image-']).split('\n')) {
    const [, release, series] = PACKAGE.exec(name) ?? [];
    if (release === undefined) continue;
    const known = latest.get(series);
    if (known === undefined || compare(known, release) < 0) latest.set(series, release);
  }
  return [...latest.values()].sort(compare);
}

const compare = (a, b) => a.localeCompare(b, 'en', { numeric: true });

function unpacked(release, cache) {
  const folder = join(cache, release);
  if (!existsSync(folder)) {
    console.log(`     downloading Linux ${release}`);
    const temporary = mkdtempSync(`${folder}.`);
    try {
      download(release, temporary);
      renameSync(temporary, folder);
    } catch (error) {
      rmSync(temporary, { recursive: true, force: true });
      throw error;
    }
  }
  return {
    release,
    image: join(folder, 'boot', `vmlinuz-${release}`),
    config: join(folder, 'boot', `config-${release}`),
    /** Root of `lib/modules/<release>`. */
    folder,
  };
}

function download(release, folder) {
  const names = [`linux-image-${release}`];
  // Ubuntu has the modules in a package beside the image.
  const modules = `linux-modules-${release}`;
  if (output('apt-cache', ['pkgnames', modules]).split('\n').includes(modules)) names.push(modules);
  output('apt-get', ['download', '-q', '-o', 'APT::Sandbox::User=root', ...names], { cwd: folder });
  for (const name of readdirSync(folder)) {
    output('dpkg-deb', ['--extract', name, '.'], { cwd: folder });
    rmSync(join(folder, name));
  }
  // Where /lib is a link to /usr/lib, packages may contain it there.
  if (!existsSync(join(folder, 'lib'))) renameSync(join(folder, 'usr', 'lib'), join(folder, 'lib'));
  output('depmod', ['-b', folder, release]);
}

/** Returns the standard output of a command. Throws an Error with its output unless it exits with 0. */
export function output(command, args, options = {}) {
  const result = spawnSync(command, args, { maxBuffer: 1 << 28, encoding: 'utf8', ...options });
  if (result.error !== undefined) throw result.error;
  if (result.status !== 0) throw new Error(`${command} ${args.join(' ')}: ${result.stderr}`);
  return result.stdout;
}
