// `node tools/contract-facts.mjs REFERENCE`: generates the tables of facts in test/contract from a folder with Docker's
// contracts (cli-commands.json, buildx-commands.json, daemon-options.json, engine-api-*.yaml, seccomp-default.json). Tests need only the
// tables. They contain names, types and numbers, no text.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { root } from './node.mjs';

const [reference] = process.argv.slice(2);
if (reference === undefined) {
  console.error('Usage: node tools/contract-facts.mjs REFERENCE');
  process.exit(1);
}
const folder = join(root, 'test/contract');
const read = (name) => JSON.parse(readFileSync(join(reference, name), 'utf8'));
mkdirSync(folder, { recursive: true });
write('cli-commands.json', commandFacts(read('cli-commands.json')));
write('buildx-commands.json', commandFacts(read('buildx-commands.json')));
write('daemon-keys.json', { keys: read('daemon-options.json').daemonJsonKeysNewest });
const api = readdirSync(reference).find((name) => /^engine-api-.*\.yaml$/.test(name)) ?? 'engine-api.yaml';
write('engine-api.json', apiFacts(parse(readFileSync(join(reference, api), 'utf8'))));
write('seccomp-decisions.json', seccompFacts(read('seccomp-default.json')));

/** For each command: its other names, and its flags as `-s/--signal string=DEFAULT`. */
function commandFacts(commands) {
  return Object.fromEntries(
    Object.entries(commands).map(([path, { aliases = [], options = [] }]) => [
      path,
      {
        aliases: aliases.filter((alias) => alias !== path).sort(),
        flags: options.map(({ flags, type, default: value }) => `${flags.join('/')} ${type}=${value}`).sort(),
      },
    ]),
  );
}

/** For each operation: the names of its query parameters and headers, and whether it has a body. */
function apiFacts({ paths }) {
  const operations = Object.entries(paths).flatMap(([path, { parameters: shared = [], ...methods }]) =>
    Object.entries(methods).map(([method, { parameters = [] }]) => {
      const named = (where) =>
        [...shared, ...parameters]
          .filter((parameter) => parameter.in === where)
          .map(({ name }) => name)
          .sort();
      return [
        `${method.toUpperCase()} ${path}`,
        { query: named('query'), headers: named('header'), body: named('body').length > 0 },
      ];
    }),
  );
  return Object.fromEntries(operations.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** For each system call: the decisions and their conditions. */
function seccompFacts({ defaultAction, defaultErrnoRet, archMap, syscalls }) {
  const allowed = new Set();
  const decided = new Map();
  for (const { names, action, errnoRet, args, includes, excludes } of syscalls) {
    const decision = {
      action,
      errnoRet,
      args: args?.length ? args : undefined,
      includes: some(includes),
      excludes: some(excludes),
    };
    const always =
      action === 'SCMP_ACT_ALLOW' && Object.values(decision).filter((value) => value !== undefined).length === 1;
    for (const name of names) {
      if (always) allowed.add(name);
      else decided.set(name, [...(decided.get(name) ?? []), decision]);
    }
  }
  return {
    defaultAction,
    defaultErrnoRet,
    architectures: Object.fromEntries(
      archMap.map(({ architecture, subArchitectures }) => [architecture, subArchitectures ?? []]),
    ),
    allowed: [...allowed].sort(),
    decided: Object.fromEntries([...decided].sort()),
  };
}

/** Drops empty conditions. */
function some(conditions) {
  const given = Object.entries(conditions ?? {}).filter(([, value]) => value.length > 0);
  return given.length === 0 ? undefined : Object.fromEntries(given);
}

/** Two levels of keys are on lines of their own: enough to review a change, without a line per word. */
function write(name, facts) {
  const lines = Object.entries(facts).map(([key, value]) => `${JSON.stringify(key)}: ${spread(value)}`);
  writeFileSync(join(folder, name), `{\n${lines.join(',\n')}\n}\n`);
}

function spread(value) {
  if (typeof value !== 'object' || Array.isArray(value)) return JSON.stringify(value);
  return `{\n${Object.entries(value)
    .map(([key, inner]) => `  ${JSON.stringify(key)}: ${JSON.stringify(inner)}`)
    .join(',\n')}\n}`;
}
