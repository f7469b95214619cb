// Plugins of esbuild for the command line's bundles. A bundle evaluates what it imports when it starts; these keep what a command
// does not use from being evaluated.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const FROM_INDEX = /^(import|export) (type )?\{([^}]*)\} from '(\.[^']*\/index\.ts)';/gm;
const EXPORTED = /^export (type )?\{([^}]*)\} from '(\.[^']*)';/gm;

/**
 * Leaves Node's modules out of the bundle, and loads each when one of its functions is called. What is not a plain function (classes,
 * constants, functions with properties of their own) is read when the bundle is evaluated, where it is used. An import of the module
 * itself would read its every export, of which some load half of Node. The engine's bundles take the names at their start instead
 * (build.mjs): they live long, and no call may cost more.
 * @type {import('esbuild').Plugin}
 */
export const lazyBuiltins = {
  name: 'lazy-builtins',
  setup(build) {
    build.onResolve({ filter: /^node:/ }, ({ path }) => ({ path, namespace: 'builtin', sideEffects: false }));
    build.onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => ({ contents: builtinSource(path) }));
  },
};

/** @param {string} path such as `node:fs` @returns {string} an ES module */
function builtinSource(path) {
  const builtin = process.getBuiltinModule(path);
  const load = `process.getBuiltinModule(${JSON.stringify(path)})`;
  // The descriptors: reading the values would warn of what is deprecated.
  const names = Object.keys(Object.getOwnPropertyDescriptors(builtin)).filter((name) => /^[\w$]+$/.test(name));
  const lines = names.map((name) => {
    const { value } = Object.getOwnPropertyDescriptor(builtin, name) ?? {};
    const local = `$${name}`;
    const body = isPlainFunction(name, value)
      ? `function ${local}(...args) { return ${load}.${name}(...args); }`
      : `const ${local} = /* @__PURE__ */ (() => ${load}.${name})();`;
    return `${body} export { ${local} as ${name} };`;
  });
  if (!names.includes('default')) lines.push(`const $ = /* @__PURE__ */ (() => ${load})(); export { $ as default };`);
  return lines.join('\n');
}

/** @param {string} name @param {unknown} value @returns {boolean} */
function isPlainFunction(name, value) {
  if (typeof value !== 'function' || !/^[a-z]/.test(name)) return false;
  return Reflect.ownKeys(value).every((key) =>
    ['length', 'name', 'prototype', 'arguments', 'caller'].includes(String(key)),
  );
}

/**
 * Imports from the file that has it what an `index.ts` re-exports: the index would evaluate all of them.
 * @type {import('esbuild').Plugin}
 */
export const throughIndexes = {
  name: 'through-indexes',
  setup(build) {
    /** @type {Map<string, Map<string, Origin>>} */
    const indexes = new Map();
    build.onLoad({ filter: /\/src\/.*\.ts$/ }, ({ path }) => ({
      loader: 'ts',
      contents: readFileSync(path, 'utf8').replace(FROM_INDEX, (_, keyword, type, names, from) => {
        if (type) return '';
        const index = join(dirname(path), from);
        return valuesIn(names)
          .map(([name, local]) => ({ ...originOf(index, name), local }))
          .map(({ name, local, file }) => `${keyword} { ${name} as ${local} } from ${JSON.stringify(file)};`)
          .join(' ');
      }),
    }));

    /** @param {string} index @param {string} name @returns {Origin} */
    function originOf(index, name) {
      if (!indexes.has(index)) indexes.set(index, reExports(index));
      const origin = indexes.get(index)?.get(name);
      if (origin === undefined) return { file: index, name };
      return origin.file.endsWith('/index.ts') ? originOf(origin.file, origin.name) : origin;
    }
  },
};

/** @typedef {{ file: string, name: string }} Origin */

/** @param {string} index @returns {Map<string, Origin>} what it exports of other files, by name */
function reExports(index) {
  const found = new Map();
  for (const [, type, names = '', from = ''] of readFileSync(index, 'utf8').matchAll(EXPORTED)) {
    if (type) continue;
    for (const [name, exported] of valuesIn(names)) found.set(exported, { file: join(dirname(index), from), name });
  }
  return found;
}

/** @param {string} names `a, b as c, type D` @returns {[string, string][]} each value's name there and here */
function valuesIn(names) {
  const words = names.split(',').map((word) => word.trim());
  return words
    .filter((word) => word !== '' && !word.startsWith('type '))
    .map((word) => {
      const [name = '', local = name] = word.split(' as ');
      return [name, local];
    });
}
