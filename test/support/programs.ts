import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { command } from './command.ts';

const SOURCES = fileURLToPath(new URL('../programs', import.meta.url));
const CACHE = fileURLToPath(new URL('../../.cache', import.meta.url));
/** A first build of Go's network package, on a busy machine. */
const BUILD_MILLISECONDS = 900_000;

interface Build {
  readonly source: string;
  /** The compiler and its arguments, without the names of the files. */
  readonly compiler: readonly [string, ...string[]];
  readonly libraries?: readonly string[];
}

const BUILDS = {
  'resolve-glibc': { source: 'resolve.c', compiler: ['gcc', '-O1', '-Wall'], libraries: ['-lresolv'] },
  'resolve-musl': { source: 'resolve.c', compiler: ['musl-gcc', '-static', '-O1', '-Wall'] },
  'resolve-go': { source: 'resolve.go', compiler: ['go', 'build', '-trimpath', '-ldflags=-s -w'] },
  reaper: { source: 'reaper.go', compiler: ['go', 'build', '-trimpath', '-ldflags=-s -w'] },
} satisfies Record<string, Build>;

export type ProgramName = keyof typeof BUILDS;

/** Returns the path of a program of `test/programs`, which is built when its source or its compiler's arguments are new. */
export async function program(name: ProgramName): Promise<string> {
  const { source, compiler, libraries = [] }: Build = BUILDS[name];
  const from = join(SOURCES, source);
  const hash = createHash('sha256').update(readFileSync(from)).update(JSON.stringify(compiler)).digest('hex');
  const folder = join(CACHE, 'programs', hash.slice(0, 16));
  const built = join(folder, name);
  if (existsSync(built)) return built;
  mkdirSync(folder, { recursive: true });
  const temporary = mkdtempSync(join(CACHE, 'programs', 'build-'));
  try {
    const [file, ...args] = compiler;
    // Without cgo, Go uses its own resolver and makes static programs.
    const env = { CGO_ENABLED: '0', GOCACHE: join(CACHE, 'go-build'), GOFLAGS: '', GO111MODULE: 'off' };
    const all = [...args, '-o', join(temporary, name), from, ...libraries];
    const { code, stderr } = await command(file, all, { env, timeoutMs: BUILD_MILLISECONDS });
    assert.equal(code, 0, `${file} ${all.join(' ')}: ${stderr}`);
    renameSync(join(temporary, name), built);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
  return built;
}
