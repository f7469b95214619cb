// Fails when a fake is run by no suite. A fake is a function, class or constant whose name has "fake". It is exported,
// and one of `test/suites/*.test.ts` runs the suite of the real implementation on it under its name in words: `fakeClock`
// as `fake clock`. A test there asks `CalledMethods` whether the suite used each member of the fake.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

const root = resolve(process.argv[2] ?? '.');

/** Names that stand for no port, with the reason. */
const NO_PORTS = {
  FakeHost: 'the state that the fakes share: a disk, a kernel and a supervisor',
  FakeLife: 'the fakes of one daemon, together',
  FakeTasks: 'the state of fakeRuntime',
};

const DECLARATION = /^(export )?(?:async )?(?:function\*?|class|const|let) (\w*[fF]ake\w*)/gm;
const IMPORT = /(?:from|import)\s*\(?\s*['"](\.[^'"]+)['"]/g;
const RUN = /\w+Suite\(\s*'([^']+)'/g;
const ASSERTED = /test\('([^']+): its suite uses each of its members', \(\) => \w+\.assertAll\(\)\)/g;

const runs = existsSync(join(root, 'test/suites'))
  ? filesIn('test/suites')
      .filter((file) => file.endsWith('.test.ts'))
      .map((file) => ({ names: namesRunBy(file), reached: reachedFrom(file) }))
  : [];
const faults = [];
const seen = new Set();
let count = 0;
for (const file of [...filesIn('src'), ...filesIn('test')].filter((path) => !path.startsWith('test/suites/'))) {
  for (const [, exported, name] of textOf(file).matchAll(DECLARATION)) {
    seen.add(name);
    if (NO_PORTS[name] !== undefined) continue;
    count += 1;
    const words = inWords(name);
    if (exported === undefined) {
      faults.push(`${file}: ${name} is not exported, so no suite can run it: export it, or name it by what it does`);
    } else if (!runs.some(({ names, reached }) => names.has(words) && reached.has(file))) {
      faults.push(`${file}: no test in test/suites runs the suite of the real one on ${name} as '${words}'`);
    }
  }
}
if (process.argv[2] === undefined)
  for (const name of Object.keys(NO_PORTS))
    if (!seen.has(name)) faults.push(`tools/check-fakes.mjs: ${name} is in the table, and does not exist`);
console.log(faults.join('\n') || `fakes ok (${count})`);
process.exitCode = faults.length > 0 ? 1 : 0;

/** The names under which a test runs suites, as far as it checks that they use all members. */
function namesRunBy(file) {
  const text = textOf(file);
  const asserted = new Set([...text.matchAll(ASSERTED)].map(([, name]) => name));
  return new Set([...text.matchAll(RUN)].map(([, name]) => name).filter((name) => asserted.has(name)));
}

/** The files that a file imports, by any chain. */
function reachedFrom(start) {
  const reached = new Set([start]);
  for (const file of reached) {
    for (const [, specifier] of textOf(file).matchAll(IMPORT)) {
      const target = relative(root, join(root, dirname(file), specifier));
      if (target.endsWith('.ts') && existsSync(join(root, target))) reached.add(target);
    }
  }
  return reached;
}

function inWords(name) {
  return name.replace(/(?<=[a-z])[A-Z]/g, ' $&').toLowerCase();
}

function filesIn(folder) {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `${folder}/${name}`)
    .sort();
}

function textOf(file) {
  return readFileSync(join(root, file), 'utf8');
}
