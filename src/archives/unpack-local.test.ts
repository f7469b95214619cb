import assert from 'node:assert/strict';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type TarEntry, tarArchive } from '../../test/support/busybox-image.ts';
import { TarParser } from '../io/index.ts';
import { packLocal } from './pack-local.ts';
import { LocalUntar } from './unpack-local.ts';

function unpack(directory: string, archive: Buffer): void {
  using untar = new LocalUntar({ directory, renames: [] });
  const parser = new TarParser(untar);
  parser.write(archive);
  parser.finish();
  untar.finish();
}

function folder(): { readonly path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), 'gantry-unpack-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}

test('what is packed is what is unpacked', () => {
  using here = folder();
  const [from, to] = [join(here.path, 'from'), join(here.path, 'to')];
  mkdirSync(join(from, 'd'), { recursive: true });
  mkdirSync(to);
  writeFileSync(join(from, 'd/big'), Buffer.alloc(700_001, 'x'));
  writeFileSync(join(from, 'd/small'), 'y', { mode: 0o600 });
  symlinkSync('small', join(from, 'd/link'));
  const chunks = [...packLocal(join(from, 'd'), undefined, { directory: to, renames: [] })];
  unpack(to, Buffer.concat(chunks));
  assert.equal(readFileSync(join(to, 'd/big')).length, 700_001);
  assert.equal(lstatSync(join(to, 'd/small')).mode & 0o777, 0o600);
  assert.ok(lstatSync(join(to, 'd/link')).isSymbolicLink());
  assert.ok(chunks.length < 6, 'small pieces go together');
});

test('an engine that is somebody else writes nowhere else', () => {
  const entry = (name: string): TarEntry => ({ name, type: 'file', content: 'evil' });
  const hostile = (victim: string): Readonly<Record<string, readonly TarEntry[]>> => ({
    'a name that climbs out': [entry('../victim/x')],
    'a file through a symlink of the archive': [{ name: 'l', type: 'symlink', target: victim }, entry('l/x')],
    'a file through a symlink that was there': [entry('there/x')],
    'a hard link through a symlink': [{ name: 'h', type: 'link', target: 'there/keep' }, entry('h')],
    'a hard link that climbs out': [{ name: 'h', type: 'link', target: '../victim/keep' }],
    'a directory over a symlink': [{ name: 'there/', type: 'directory' }, entry('there/x')],
  });
  for (const what of Object.keys(hostile(''))) {
    using here = folder();
    const [target, victim] = [join(here.path, 'target'), join(here.path, 'victim')];
    for (const path of [target, victim]) mkdirSync(path);
    writeFileSync(join(victim, 'keep'), 'mine');
    symlinkSync(victim, join(target, 'there'));
    assert.throws(() => unpack(target, tarArchive(hostile(victim)[what] ?? [])), what);
    assert.equal(existsSync(join(victim, 'x')), false, what);
    assert.equal(readFileSync(join(victim, 'keep'), 'utf8'), 'mine', what);
  }
});

test('a file takes the place of a symlink, and not of what it leads to', () => {
  using here = folder();
  writeFileSync(join(here.path, 'keep'), 'mine');
  symlinkSync('keep', join(here.path, 'link'));
  unpack(here.path, tarArchive([{ name: 'link', type: 'file', content: 'new' }]));
  assert.equal(readFileSync(join(here.path, 'keep'), 'utf8'), 'mine');
  assert.equal(readFileSync(join(here.path, 'link'), 'utf8'), 'new');
});
