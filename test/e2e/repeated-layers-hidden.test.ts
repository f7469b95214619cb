import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { command } from '../support/command.ts';
import { CLIS, unique, useEngine } from '../support/fixture.ts';
import { formArchive } from '../support/repeated-layers.ts';
import { listTree, type TreeListing } from '../support/unpack-layers.ts';
import { FORMS, HIDING, repeatedLayersSuite, treeOf } from './repeated-layers.suite.ts';

repeatedLayersSuite('overlay2', [...HIDING]);

const engine = useEngine();
const folder = mkdtempSync(join(tmpdir(), 'gantry-repeated-'));
after(() => rmSync(folder, { recursive: true }));

async function listed(tar: string): Promise<TreeListing> {
  const into = mkdtempSync(join(folder, 'tree-'));
  const { code, stderr } = await command('tar', ['-xpf', tar, '-C', into]);
  assert.equal(code, 0, stderr);
  return listTree(into, (path) => path === 't' || path.startsWith('t/'));
}

for (const cli of CLIS) {
  test(`${cli} load, run, export, cp, commit, diff and save take images that repeat layers`, async () => {
    const ok = (...args: string[]): Promise<string> => engine().ok(cli, args);
    for (const name of ['apart', 'the empty layer, of several sizes', 'made opaque in between']) {
      const form = FORMS.find((known) => known.name === name) ?? assert.fail(name);
      const [image, made, container] = [unique('repeated'), unique('made'), unique('changed')];
      const file = join(folder, `${image}.tar`);
      writeFileSync(file, formArchive(form, `${image}:latest`));
      assert.equal(await ok('load', '-q', '-i', file), `Loaded image: ${image}:latest`);
      const seen = async (of: string): Promise<TreeListing> => {
        const out = mkdtempSync(join(folder, 'out-'));
        await ok('run', '--rm', '-v', `${out}:/out`, of, 'tar', '-cf', '/out/seen.tar', 't');
        return listed(join(out, 'seen.tar'));
      };
      assert.deepEqual(await seen(image), treeOf(form), `run ${name}`);
      await ok('create', '--name', container, image, 'true');
      assert.equal(await ok('diff', container), '');
      await ok('export', '-o', join(folder, 'root.tar'), container);
      assert.deepEqual(await listed(join(folder, 'root.tar')), treeOf(form), `export ${name}`);
      mkdirSync(join(folder, container));
      await ok('cp', `${container}:/t`, join(folder, container));
      // What a client copies belongs to its user.
      const mine = treeOf(form).map((line) => line.replace(/ \d+:\d+/, ' 0:0'));
      assert.deepEqual(listTree(join(folder, container)), mine, `cp ${name}`);
      writeFileSync(join(folder, 'zz'), 'written');
      await ok('cp', join(folder, 'zz'), `${container}:/t/zz`);
      assert.equal(await ok('diff', container), 'C /t\nA /t/zz');
      await ok('commit', container, made);
      await ok('rm', container);
      const written = [...treeOf(form), 't/zz file 644 0:0 "written"'];
      assert.deepEqual(await seen(made), written, `commit ${name}`);
      await ok('save', '-o', file, image, made);
      assert.ok(readFileSync(file).length > 0);
      await ok('rmi', image, made);
      await ok('load', '-q', '-i', file);
      assert.deepEqual([await seen(image), await seen(made)], [treeOf(form), written], `save ${name}`);
      await ok('rmi', image, made);
    }
  });
}
