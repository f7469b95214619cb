// Fails when a file imports a folder that its own folder may not import, an inner file of another folder, or, by any
// chain, itself. `layers.json` lists the allowed imports, and has no circle either. A key with a slash
// (`containers/exec`) is a sub-folder: it lists the siblings that it may import and the files beside them. A folder
// with one such key lists all its sub-folders, and each file that one of them imports (`containers/world.ts`), so that
// no circle leads through such a file. Only what `testing` imports needs no key.
// `node tools/check-layers.mjs [SOURCES [LAYERS]]`
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { circles } from './import-circles.mjs';

/** Folders without an index: each file is a package of a protocol, and packages have the same names for different things. */
const OPEN = new Set(['grpc/messages']);
const root = resolve(process.argv[2] ?? 'src');
const layers = JSON.parse(readFileSync(process.argv[3] ?? new URL('layers.json', import.meta.url), 'utf8'));
const IMPORT = /(?:from|import)\s*\(?\s*['"](\.[^'"]+)['"]/g;
/** Tests, suites and their fixtures use test/support, which lies beside the sources, and any sub-folder of their own folder. */
const TEST = /\.(?:test|suite|fixture)\.ts$/;
const divided = new Set(
  Object.keys(layers)
    .filter((key) => key.includes('/'))
    .map((key) => key.split('/')[0]),
);

const faults = [];
/** Files by path below `root`, each with the files that it imports. */
const imports = new Map();
for (const file of readdirSync(root, { recursive: true }).sort()) {
  if (!file.endsWith('.ts')) continue;
  const targets = [];
  for (const [, specifier] of readFileSync(join(root, file), 'utf8').matchAll(IMPORT)) {
    const target = relative(root, join(root, dirname(file), specifier));
    targets.push(target);
    const fault = faultOf(file, target);
    if (fault !== undefined) faults.push(`${file}: ${fault}`);
  }
  imports.set(file, targets);
}
for (const circle of circles(imports)) faults.push(`import circle: ${circle.join(' → ')}`);
for (const circle of circles(arrows())) faults.push(`circle in the table of layers: ${circle.join(' → ')}`);
for (const file of listedFiles())
  if (layers[file] === undefined) faults.push(`${file} is listed in tools/layers.json, and has no key`);
console.log(faults.join('\n') || `layers ok (${Object.keys(layers).length} folders, ${imports.size} files)`);
process.exitCode = faults.length > 0 ? 1 : 0;

/** The table's keys, each with the keys that it may import. */
function arrows() {
  return new Map(
    Object.entries(layers).map(([key, allowed]) => {
      const folder = key.includes('/') ? `${key.split('/')[0]}/` : '';
      return [key, allowed.map((name) => `${folder}${name}`)];
    }),
  );
}

/** The files that sub-folders other than `testing` may import. */
function listedFiles() {
  const found = Object.entries(layers).flatMap(([key, allowed]) => {
    const [folder, inner] = key.split('/');
    const files = inner === undefined || inner === 'testing' ? [] : allowed.filter((name) => name.endsWith('.ts'));
    return files.map((name) => `${folder}/${name}`);
  });
  return new Set(found);
}

function faultOf(file, target) {
  const [own, ...inner] = file.split('/');
  const [layer, ...rest] = target.split('/');
  if (layer === own) return divided.has(own) && !TEST.test(file) ? innerFault(own, inner, rest) : undefined;
  if (layer === '..' && TEST.test(file)) return undefined;
  if (!layers[own]?.includes(layer)) return `${own} may not import ${layer}`;
  if (layer === 'base' || OPEN.has(target.slice(0, target.lastIndexOf('/')))) return undefined;
  if (rest.join('/') !== 'index.ts') return `import ${layer}/index.ts, not ${rest.join('/')}`;
  return undefined;
}

/** Files beside the sub-folders assemble the others and may import all, unless they have a key. */
function innerFault(folder, from, to) {
  if (from[0] === to[0]) return undefined;
  const allowed = layers[`${folder}/${from[0]}`];
  if (allowed === undefined && from.length === 1) return undefined;
  if (allowed === undefined) return `${folder}/${from[0]} is not in tools/layers.json`;
  return allowed.includes(to[0]) ? undefined : `${folder}/${from[0]} may not import ${folder}/${to[0]}`;
}
