// Fails when a function has more lines than a screen: from its first line to its last, with its comments and the
// functions within it, without blank lines. The callbacks of `test` and `describe` in tests and suites are exempt, and
// do not count in the function that holds them.
// `node tools/check-functions.mjs [--limit=LINES] FOLDER…`
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { isFunctionLikeDeclaration, SyntaxKind } from 'typescript/unstable/ast';
import { API } from 'typescript/unstable/sync';

const LINES_MAX = 60;
const SOURCE = /(?<!\.d)\.(?:ts|mts|mjs)$/;
const TEST = /\.(?:test|suite)\.ts$/;
/** Functions of node:test whose callbacks are tests, or hold tests. */
const REGISTERS = new Set(['test', 'it', 'describe', 'suite']);

const options = process.argv.slice(2);
const limit = Number(options.find((option) => option.startsWith('--limit='))?.slice('--limit='.length) ?? LINES_MAX);
const folders = options.filter((option) => !option.startsWith('--'));
const files = folders.flatMap((folder) =>
  readdirSync(folder, { recursive: true })
    .filter((name) => SOURCE.test(name))
    .map((name) => resolve(folder, name))
    .sort(),
);

const faults = [];
let functions = 0;
for (const file of parsed(files)) visit(file, file);
console.log(faults.join('\n') || `functions ok (${functions} in ${files.length} files)`);
process.exitCode = faults.length > 0 ? 1 : 0;

/** The syntax trees of the files, by a compiler that reads these files alone. */
function* parsed(paths) {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-check-functions-'));
  const api = new API({ cwd: folder });
  try {
    const config = join(folder, 'tsconfig.json');
    const compilerOptions = { noLib: true, noResolve: true, allowJs: true, types: [], noEmit: true };
    writeFileSync(config, JSON.stringify({ compilerOptions, files: paths }));
    const { program } = api.updateSnapshot({ openProjects: [config] }).getProject(config);
    for (const path of paths) yield program.getSourceFile(path);
  } finally {
    api.close();
    rmSync(folder, { recursive: true });
  }
}

/** Checks the functions within a node. Returns the ranges of the tests within it. */
function visit(node, file) {
  const tests = [];
  node.forEachChild((child) => {
    tests.push(...visit(child, file));
  });
  if (!isFunctionLikeDeclaration(node)) return tests;
  functions += 1;
  if (TEST.test(file.fileName) && isTest(node)) return [node];
  const lines = linesOf(node, file) - tests.reduce((sum, inner) => sum + linesOf(inner, file), 0);
  if (lines > limit) {
    const line = file.text.slice(0, node.getStart(file)).split('\n').length;
    const place = `${relative(process.cwd(), file.fileName)}:${line}`;
    faults.push(`${place}: ${nameOf(node)} has ${lines} lines, at most ${limit} are allowed`);
  }
  return tests;
}

/** Whether the function is given to `test`, `test.skip`, `describe` and so on. */
function isTest({ parent }) {
  if (parent.kind !== SyntaxKind.CallExpression) return false;
  return REGISTERS.has(parent.expression.getText().split('.')[0]);
}

function linesOf(node, file) {
  const text = file.text.slice(node.getStart(file), node.end);
  return text.split('\n').filter((line) => line.trim() !== '').length;
}

function nameOf(node) {
  if (node.kind === SyntaxKind.Constructor) return 'constructor';
  return (node.name ?? node.parent.name)?.getText() ?? 'a function';
}
