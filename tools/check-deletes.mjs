// Fails when a source deletes a tree other than with `removeTree` of src/linux, or a folder without an entry in the
// table below. A recursive `rm` enters mounts. `rmdir` of a mount point detaches mounts of other namespaces there,
// without an error.
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(process.argv[2] ?? 'src');
const TESTS = /\.(?:test|suite|fixture)\.ts$|(?:^|\/)testing(?:\/|\.ts$)|(?:^|\/)test-[^/]*\.ts$/;

/**
 * The code that removes empty folders, one by one and by name, with the reason why no mount of a container can be
 * there.
 */
const FOLDERS = {
  'build/ops/exec/mount-stubs.ts': 'a mount point that a runtime made in a step that has ended',
  'cli/build/remove-temporary.ts': 'folders of the client itself, made for a Dockerfile of its standard input',
  'daemon/exec-root.ts': 'the folders of the exec root, which the engine made; nothing below them is looked at',
  'daemon/lock.ts': 'the folder of the bridge locks, which engines made, when it is empty',
  'linux/tree/remove-tree.ts': 'the one way to delete trees',
  'network/kernel/netns-directory.ts': 'netns/, once it is detached',
  'quota/quota-image.ts': 'lost+found, in a file system that the engine has just mounted',
  'runtime/pinned-paths.ts': 'a mount point of the engine, once it is detached',
  'runtime/shared-memory.ts': 'a mount point of the engine, once it is detached',
  'store/snapshots/merged-layers.ts': 'a mount point of the engine, once it is detached',
  'store/snapshots/overlay-driver.ts': 'a mount point of the engine, once it is detached',
  'store/snapshots/sealed/seal-tree.ts': 'a mount point that a runtime made in a container that has ended',
  'supervisor/remove-cgroups.ts': 'a cgroup',
  'supervisor/exit-records.ts': 'supervisor/ended, once it is empty',
  'supervisor/own-cgroup.ts': 'a cgroup',
  'volumes/volume-folders.ts': 'a volume that no container has',
};

const CALL = /\b(rm|rmSync|rmdir|rmdirSync)\s*\(/g;
const faults = [];
const used = new Set();
for (const file of readdirSync(root, { recursive: true }).sort()) {
  if (!file.endsWith('.ts') || TESTS.test(file)) continue;
  const text = readFileSync(join(root, file), 'utf8');
  const fault = (at, problem) => faults.push(`${file}:${text.slice(0, at).split('\n').length}: ${problem}`);
  for (const { index, 0: match, 1: name } of text.matchAll(CALL)) {
    const rest = argumentsAt(text, index + match.length);
    if (name.startsWith('rmdir')) {
      used.add(file);
      if (FOLDERS[file] === undefined) fault(index, `${name} here is not in the table of tools/check-deletes.mjs`);
      if (rest.length > 1) fault(index, `${name} takes no options: use removeTree of src/linux for trees`);
    } else if (rest.length > 1 && !/^\{ force: true \}$/.test(rest[1])) {
      fault(index, `${name} may only take { force: true }: use removeTree of src/linux for trees`);
    }
  }
  for (const { index } of text.matchAll(/\b(?:rm|rmSync|rmdir|rmdirSync) as\b/g))
    fault(index, 'deleting functions keep their names, so that this check sees them');
  for (const { index } of text.matchAll(/'unlinkat'|\brimraf\b/g))
    if (file !== 'linux/tree/remove-tree.ts') fault(index, 'use removeTree of src/linux for trees');
}
for (const file of Object.keys(FOLDERS))
  if (!used.has(file)) faults.push(`${file}: in the table, and removes no folder`);
console.log(faults.join('\n') || 'deletes ok');
process.exitCode = faults.length > 0 ? 1 : 0;

/** The trimmed arguments of a call whose parenthesis ends at `from`. Text in brackets and quotes stays together. */
function argumentsAt(text, from) {
  const found = [''];
  let depth = 0;
  let quote;
  for (let at = from; at < text.length; at += 1) {
    const char = text[at];
    if (quote !== undefined) quote = char === quote && text[at - 1] !== '\\' ? undefined : quote;
    else if ('\'"`'.includes(char)) quote = char;
    else if ('([{'.includes(char)) depth += 1;
    else if (')]}'.includes(char)) depth -= 1;
    if (depth < 0) break;
    if (char === ',' && depth === 0 && quote === undefined) found.push('');
    else found[found.length - 1] += char;
  }
  return found.map((argument) => argument.trim()).filter((argument) => argument !== '');
}
