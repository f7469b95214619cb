// Fails when package.json and package-lock.json disagree, or when the lock is incomplete: when it lacks a package (npm
// ci refuses such a lock), a platform package that Linux on x64 or arm64 needs, an integrity, or a version.
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const PLATFORMS = [
  { os: 'linux', cpu: 'x64' },
  { os: 'linux', cpu: 'arm64' },
];
const KINDS = ['dependencies', 'devDependencies', 'optionalDependencies'];

/** Lists every problem of the two files in a folder, one line each. */
function faultsOf(folder) {
  const read = (name) => JSON.parse(readFileSync(join(folder, name), 'utf8'));
  const manifest = read('package.json');
  const { packages } = read('package-lock.json');
  return [
    ...rootFaults(manifest, packages['']),
    ...Object.entries(packages).flatMap(([path, entry]) => [
      ...entryFaults(path, entry),
      ...missingFaults(packages, path, entry),
      ...platformFaults(packages, path, entry),
    ]),
  ];
}

/** The lock repeats the versions of package.json, and package.json has a version for each package. */
function rootFaults(manifest, locked) {
  return KINDS.flatMap((kind) => {
    const asked = manifest[kind] ?? {};
    const held = locked[kind] ?? {};
    return [...new Set([...Object.keys(asked), ...Object.keys(held)])].flatMap((name) => [
      ...(asked[name] === held[name] ? [] : [`${name}: package.json has ${asked[name]}, the lock has ${held[name]}`]),
      ...(/^[\^~]?\d/.test(asked[name] ?? '0') ? [] : [`${name}: "${asked[name]}" is not a version`]),
    ]);
  });
}

function entryFaults(path, entry) {
  if (path === '') return [];
  return [
    ...(entry.integrity === undefined ? [`${path}: no integrity`] : []),
    ...(entry.resolved === undefined ? [] : [`${path}: names the registry it came from`]),
  ];
}

/** The lock has each dependency, including the optional ones of other platforms. */
function missingFaults(packages, path, entry) {
  const optionalPeers = entry.peerDependenciesMeta ?? {};
  const needed = [
    ...KINDS.flatMap((kind) => Object.keys(entry[kind] ?? {})),
    ...Object.keys(entry.peerDependencies ?? {}).filter((name) => optionalPeers[name]?.optional !== true),
  ];
  return needed
    .filter((name) => find(packages, path, name) === undefined)
    .map((name) => `${path || 'package.json'}: ${name} is not in the lock`);
}

/** A package with binaries per platform has one for each platform on which Gantry runs. */
function platformFaults(packages, path, entry) {
  const binaries = Object.keys(entry.optionalDependencies ?? {})
    .map((name) => find(packages, path, name))
    .filter((found) => found?.os !== undefined);
  if (binaries.length === 0) return [];
  return PLATFORMS.filter(
    ({ os, cpu }) => !binaries.some((found) => [found.os].flat().includes(os) && [found.cpu].flat().includes(cpu)),
  ).map(({ os, cpu }) => `${path || 'package.json'}: no binary package for ${os} ${cpu} in the lock`);
}

/** The entry that `path` gets for `name`: that of the nearest node_modules, as Node looks it up. */
function find(packages, path, name) {
  for (let folder = path; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
    const entry = packages[`${folder === '' ? '' : `${folder}/`}node_modules/${name}`];
    if (entry !== undefined || folder === '') return entry;
  }
}

const faults = faultsOf(resolve(process.argv[2] ?? '.'));
console.log(faults.join('\n') || 'package-lock.json ok');
process.exitCode = faults.length > 0 ? 1 : 0;
