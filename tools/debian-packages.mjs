// Files of Debian's packages for the tests, unpacked and never installed. Plain Node 18 code without dependencies.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** The URL from which apt takes Debian's packages. Undefined where it has none. */
export function debianRepository() {
  if (!existsSync(KEYRING)) return undefined;
  const found = spawnSync('apt-get', ['indextargets', '--format', '$(REPO_URI)', 'Created-By: Packages'], {
    encoding: 'utf8',
  });
  return (found.stdout ?? '').split('\n').find((line) => /\/debian\/?$/.test(line));
}

/**
 * Downloads packages of a release, by default for this machine's architecture, and unpacks them into `folder/unpacked`. The folder
 * is apt's for this: the machine's sources and lists stay as they are. Throws an Error with the last line that a program printed.
 */
export function unpackPackages({ repository, suite, architecture, names, folder }) {
  for (const name of ['lists/partial', 'cache/archives/partial', 'unpacked'])
    mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(join(folder, 'sources.list'), `deb [signed-by=${KEYRING}] ${repository} ${suite} main\n`);
  writeFileSync(join(folder, 'status'), '');
  const options = Object.entries(optionsIn(folder, architecture)).flatMap(([key, value]) => ['-o', `${key}=${value}`]);
  run('apt-get', ['-q', ...options, 'update'], folder);
  run('apt-get', ['-q', ...options, 'download', ...names], folder);
  for (const name of readdirSync(folder).filter((each) => each.endsWith('.deb'))) {
    run('dpkg-deb', ['--extract', name, 'unpacked'], folder);
    rmSync(join(folder, name));
  }
}

function optionsIn(folder, architecture) {
  return {
    ...(architecture === undefined ? {} : { 'APT::Architecture': architecture, 'APT::Architectures': architecture }),
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
