// buildx and Compose as plugins of the docker CLI, for the tests: of two Debian releases, unpacked from its packages into a
// cache and never installed. Plain Node 18 code without dependencies.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Debian's releases with the plugins: the old ones that many have (2024), and the newest. */
const SUITES = { old: 'trixie', new: 'forky' };
const PACKAGES = ['docker-buildx', 'docker-compose'];
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/**
 * Downloads what is missing into `cache`: `cache/old` and `cache/new` are folders for DOCKER_CONFIG. Returns the reasons why
 * one is missing, one sentence each.
 */
export function downloadPlugins(cache) {
  const missing = Object.entries(SUITES).filter(([name]) => !existsSync(join(cache, name)));
  if (missing.length === 0) return [];
  const repository = debianRepository();
  if (repository === undefined) return ['apt has no repository of Debian, from which buildx and Compose come'];
  mkdirSync(cache, { recursive: true });
  return missing.flatMap(([name, suite]) => {
    const temporary = mkdtempSync(join(cache, `${name}.`));
    try {
      download({ repository, suite, folder: temporary });
      renameSync(join(temporary, 'config'), join(cache, name));
      return [];
    } catch (error) {
      return [`buildx and Compose of Debian ${suite} cannot be downloaded: ${error.message}`];
    } finally {
      rmSync(temporary, { recursive: true, force: true });
    }
  });
}

/** The URL from which apt takes Debian's packages. */
function debianRepository() {
  if (!existsSync(KEYRING)) return undefined;
  const found = spawnSync('apt-get', ['indextargets', '--format', '$(REPO_URI)', 'Created-By: Packages'], {
    encoding: 'utf8',
  });
  return (found.stdout ?? '').split('\n').find((line) => /\/debian\/?$/.test(line));
}

/** Apt works on a state of its own: the machine's sources and lists stay as they are. */
function download({ repository, suite, folder }) {
  for (const name of ['lists/partial', 'cache/archives/partial', 'unpacked', 'config/cli-plugins'])
    mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(join(folder, 'sources.list'), `deb [signed-by=${KEYRING}] ${repository} ${suite} main\n`);
  writeFileSync(join(folder, 'status'), '');
  const apt = (...args) =>
    run(
      'apt-get',
      ['-q', ...Object.entries(optionsIn(folder)).flatMap(([key, value]) => ['-o', `${key}=${value}`]), ...args],
      folder,
    );
  apt('update');
  apt('download', ...PACKAGES);
  for (const name of readdirSync(folder).filter((each) => each.endsWith('.deb')))
    run('dpkg-deb', ['--extract', name, 'unpacked'], folder);
  const plugins = join(folder, 'unpacked/usr/libexec/docker/cli-plugins');
  for (const name of PACKAGES) renameSync(join(plugins, name), join(folder, 'config/cli-plugins', name));
}

function optionsIn(folder) {
  return {
    'Dir::Etc::SourceList': join(folder, 'sources.list'),
    'Dir::Etc::SourceParts': '/dev/null',
    'Dir::State::Lists': join(folder, 'lists'),
    'Dir::State::Status': join(folder, 'status'),
    'Dir::Cache': join(folder, 'cache'),
    'APT::Sandbox::User': 'root',
    // The lists of a release in testing expire within a week, and a copy of the repository may be older.
    'Acquire::Check-Valid-Until': 'false',
    'Acquire::Languages': 'none',
  };
}

function run(command, args, cwd) {
  const result = spawnSync(command, args, { cwd, encoding: 'utf8', maxBuffer: 1 << 26 });
  if (result.error !== undefined) throw result.error;
  if (result.status !== 0) throw new Error(`${command}: ${result.stderr.trim().split('\n').at(-1)}`);
}
