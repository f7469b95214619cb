import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { RuntimeSpec } from '../../spec/index.ts';
import { injectDevices } from './inject-devices.ts';
import { readCdiDevices } from './read-devices.ts';

const root = mkdtempSync(join(tmpdir(), 'gantry-cdi-'));
after(() => rmSync(root, { recursive: true }));

/** Folders with files, in their order. */
function folders(...contents: readonly Readonly<Record<string, unknown>>[]): readonly string[] {
  const base = mkdtempSync(join(root, 'set-'));
  return contents.map((files, at) => {
    const folder = join(base, String(at));
    mkdirSync(folder);
    for (const [name, content] of Object.entries(files)) {
      writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
    }
    return folder;
  });
}

const device = (name: string, containerEdits: object) => ({ name, containerEdits });
const file = (devices: readonly object[], containerEdits?: object) => ({
  ...{ cdiVersion: '0.6.0', kind: 'rec.test/device', devices },
  ...(containerEdits === undefined ? {} : { containerEdits }),
});

const SPEC: RuntimeSpec = {
  ociVersion: '1.0.2',
  process: { terminal: false, user: { uid: 7, gid: 0 }, args: ['true'], env: ['PATH=/bin', 'A=old'], cwd: '/' },
  root: { path: '/x' },
  mounts: [{ destination: '/kept' }, { destination: '/lib/x', source: '/old' }],
  linux: { namespaces: [], resources: { devices: [{ allow: false, access: 'rwm' }] } },
};

test('the edits of the file and of its devices are applied once, in their order', async () => {
  const at = folders({
    'vendor.json': file(
      [
        device('one', {
          env: ['A=1'],
          deviceNodes: [{ path: '/dev/one', hostPath: '/dev/zero', permissions: 'r' }],
          mounts: [{ hostPath: '/new', containerPath: '/lib/x', options: ['ro', 'bind'] }],
        }),
        device('two', { env: ['B=2'], deviceNodes: [{ path: '/dev/fifo', type: 'p' }], additionalGids: [0, 44] }),
      ],
      { env: ['ALL=1'], hooks: [{ hookName: 'createContainer', path: '/bin/true', args: ['true'] }] },
    ),
  });
  const spec = await injectDevices(SPEC, ['rec.test/device=one', 'rec.test/device=two'], at);
  assert.deepEqual(spec.process.env, ['PATH=/bin', 'ALL=1', 'A=1', 'B=2']);
  assert.deepEqual(spec.process.user.additionalGids, [44]);
  assert.deepEqual(spec.mounts, [
    { destination: '/kept' },
    { destination: '/lib/x', source: '/new', options: ['ro', 'bind'] },
  ]);
  assert.deepEqual(spec.hooks, { createContainer: [{ path: '/bin/true', args: ['true'] }] });
  assert.deepEqual(spec.linux.devices, [
    { path: '/dev/one', type: 'c', major: 1, minor: 5, uid: 7 },
    { path: '/dev/fifo', type: 'p', uid: 7 },
  ]);
  assert.deepEqual(spec.linux.resources?.devices, [
    { allow: false, access: 'rwm' },
    { allow: true, type: 'c', major: 1, minor: 5, access: 'r' },
  ]);
});

test('YAML, a later folder before an earlier one, and conflicts within a folder', async () => {
  const yaml = 'cdiVersion: 0.6.0\nkind: rec.test/device\ndevices:\n- name: y\n  containerEdits: {env: [Y=late]}\n';
  const at = folders(
    { 'a.json': file([device('y', { env: ['Y=early'] }), device('x', { env: ['X=1'] })]) },
    { 'b.yaml': yaml, 'c.json': file([device('z', {})]), 'd.json': file([device('z', {})]), 'e.txt': 'no file of CDI' },
  );
  const spec = await injectDevices(SPEC, ['rec.test/device=x', 'rec.test/device=y'], at);
  assert.deepEqual(spec.process.env.slice(2), ['X=1', 'Y=late']);
  await assert.rejects(injectDevices(SPEC, ['rec.test/device=z', 'rec.test/device=q'], at), {
    kind: 'failed',
    message: 'CDI device injection failed: unresolvable CDI devices rec.test/device=z, rec.test/device=q',
  });
  const { devices, errors } = await readCdiDevices([...at, join(root, 'missing')]);
  assert.deepEqual([...devices.keys()].sort(), ['rec.test/device=x', 'rec.test/device=y']);
  assert.match(errors.join('\n'), /conflicting device "rec\.test\/device=z"/);
});

test('files that are not of the form are named, and hide no others', async () => {
  const bomb = `a: &a [x, x]\n${'bcdefghij'.replaceAll(/./g, (name) => `${name}: &${name} [${`*${String.fromCharCode(name.charCodeAt(0) - 1)},`.repeat(20)}]\n`)}`;
  const at = folders({
    'bomb.yaml': bomb,
    'edits.json': file([device('rdt', { intelRdt: { closID: 'x' } })]),
    'good.json': file([device('one', {})]),
    'kind.json': { ...file([]), kind: 'nokind' },
    'name.json': file([device('../x', {})]),
    'text.json': '{"kind"',
  });
  const { devices, errors } = await readCdiDevices(at);
  assert.deepEqual([...devices.keys()], ['rec.test/device=one']);
  for (const name of ['bomb.yaml', 'edits.json', 'kind.json', 'name.json', 'text.json']) {
    assert.ok(
      errors.some((error) => error.includes(`/${name}: `)),
      `${name} in ${errors.join('\n')}`,
    );
  }
  const missing = folders({ 'm.json': file([device('m', { deviceNodes: [{ path: '/dev/nosuch-device' }] })]) });
  await assert.rejects(injectDevices(SPEC, ['rec.test/device=m'], missing), /failed to inject devices: ENOENT.*nosuch/);
});
