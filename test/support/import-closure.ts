import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';

const SOURCE = resolve(import.meta.dirname, '../../src');
const IMPORT = /^(?:import|export)\s(?!type\b)[^;]*?from\s+'([^']+)'/gm;
const TEST = /\.(?:test|suite|fixture)\.ts$/;

function imports(file: string): readonly string[] {
  return [...readFileSync(file, 'utf8').matchAll(IMPORT)].map(([, specifier = '']) => specifier);
}

/** What a program of `src/` loads. Names are sorted. */
export interface Closure {
  /** Paths of all files that it loads. */
  readonly files: readonly string[];
  /** Packages, without Node's own modules. */
  readonly packages: readonly string[];
  readonly folders: readonly string[];
  /** Node's modules that the program's own folder imports. */
  readonly ownModules: readonly string[];
}

/** Follows the imports of `src/<folder>/main.ts`. */
export function importClosure(folder: string): Closure {
  const packages = new Set<string>();
  const folders = new Set<string>();
  const seen = new Set<string>();
  const visit = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    folders.add(relative(SOURCE, file).split('/')[0] ?? '');
    for (const specifier of imports(file)) {
      if (specifier.startsWith('.')) visit(resolve(file, '..', specifier));
      else packages.add(specifier);
    }
  };
  visit(join(SOURCE, folder, 'main.ts'));
  const own = readdirSync(join(SOURCE, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !TEST.test(name))
    .flatMap((name) => imports(join(SOURCE, folder, name)));
  return {
    files: [...seen],
    packages: [...packages].filter((name) => !name.startsWith('node:')).sort(),
    folders: [...folders].sort(),
    ownModules: [...new Set(own.filter((name) => name.startsWith('node:')))].sort(),
  };
}
