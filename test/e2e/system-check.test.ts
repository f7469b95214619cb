import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { busyboxArchive } from '../support/busybox-image.ts';
import { checkReport, isSound } from '../support/check.ts';
import { eventually, loadBusybox, useEngine } from '../support/fixture.ts';

const engine = useEngine();
const at = (...parts: string[]): string => join(engine().dataRoot, ...parts);

interface Inspected {
  readonly Id: string;
  readonly RootFS: { readonly Layers: readonly string[] };
}

async function busybox(): Promise<Inspected> {
  const [image] = JSON.parse(await engine().ok('gantry', ['image', 'inspect', 'busybox'])) as readonly [Inspected];
  return image;
}

const blobPath = (digest: string): string => at('content/blobs/sha256', digest.slice('sha256:'.length));

test('an engine at work is sound: images, running and stopped containers, volumes', async () => {
  await engine().ok('gantry', ['create', '--name', 'stopped', '-v', 'data:/data', 'busybox', 'true']);
  await engine().ok('gantry', ['run', '-d', '--name', 'running', 'busybox', 'sleep', '60']);
  const text = await engine().ok('gantry', ['system', 'check']);
  assert.match(
    text,
    /^Checked 3 blobs \([\d.]+MB\), 1 image, 1 layer, 2 containers, 1 volume\.\nEverything is sound\.$/,
  );
  const { Checked: checked } = await isSound(engine());
  assert.equal(checked.Containers, 2);
  await engine().ok('gantry', ['rm', '-f', 'stopped', 'running']);
  await engine().ok('gantry', ['volume', 'rm', 'data']);
});

test('what goes on meanwhile is not reported', async () => {
  const busy = (async () => {
    for (let round = 0; round < 3; round++) {
      await engine().ok('gantry', ['load', '-q'], { input: busyboxArchive({ tags: [`busy:${round}`] }) });
      await engine().ok('gantry', ['run', '--rm', `busy:${round}`, 'true']);
      await engine().ok('gantry', ['rmi', `busy:${round}`]);
    }
  })();
  await Promise.all([busy, isSound(engine())]);
  await isSound(engine());
});

test('a blob that rotted is found, put aside by a repair, and comes back with the image', async () => {
  const { RootFS } = await busybox();
  const [layer = ''] = RootFS.Layers;
  const bytes = readFileSync(blobPath(layer));
  bytes.writeUInt8(bytes.readUInt8(1000) ^ 1, 1000);
  writeFileSync(blobPath(layer), bytes);

  const plain = await engine().gantry(['system', 'check']);
  assert.equal(plain.code, 1);
  assert.match(
    plain.stdout,
    /^blob-corrupt +sha256:[0-9a-f]{64} +its content has the digest sha256:.*; used by busybox:latest +put aside; pull or load busybox:latest again/m,
  );
  assert.match(plain.stdout, /1 problem found\.$/m);
  assert.ok(existsSync(blobPath(layer)), 'a check without --repair touches nothing');

  const { report: fixed, code } = await checkReport(engine(), ['--repair']);
  assert.equal(code, 1, 'what a repair cannot bring back is still missing');
  assert.deepEqual(
    fixed.Findings.map(({ Kind, Subject, Remains }) => [Kind, Subject, Remains]),
    [['blob-corrupt', layer, true]],
  );
  const aside = at('content/quarantine', layer.replace(':', '-'));
  assert.deepEqual(readFileSync(aside), bytes);
  // The image is unpacked already, and runs.
  assert.equal(await engine().ok('gantry', ['run', '--rm', 'busybox', 'echo', 'runs']), 'runs');
  const { report: missing } = await checkReport(engine());
  assert.deepEqual(
    missing.Findings.map(({ Kind }) => Kind),
    ['blob-missing'],
  );

  await loadBusybox(engine());
  const { report: back } = await checkReport(engine(), ['--repair']);
  assert.deepEqual(
    back.Findings.map(({ Kind, Repaired }) => [Kind, Repaired]),
    [['leftover', 'deleted']],
  );
  assert.equal(existsSync(aside), false);
  await isSound(engine());
});

test('orphans, lost trees, a stale index and folders of nobody are found and repaired', async () => {
  const layers = readdirSync(at('snapshots/layers'));
  const [key = ''] = layers;
  renameSync(at('snapshots/layers', key, 'fs'), at('snapshots/layers', key, 'gone'));
  const digestOfX = 'sha256:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881';
  writeFileSync(blobPath(digestOfX), 'x');
  writeFileSync(at('content/ingest/once-1'), 'x');
  writeFileSync(at('content/index.json'), '{}');
  mkdirSync(at('snapshots/new/99-1'));
  mkdirSync(at('snapshots/writables', 'a'.repeat(64)));
  mkdirSync(at('containers', 'b'.repeat(64)));
  const { report } = await checkReport(engine());
  assert.deepEqual(report.Findings.map(({ Kind }) => Kind).sort(), [
    'blob-unused',
    'folder-unknown',
    'index-stale',
    'layer-damaged',
    'leftover',
    'leftover',
    'leftover',
  ]);
  const fixed = await checkReport(engine(), ['--repair']);
  assert.equal(fixed.code, 1);
  assert.deepEqual(
    fixed.report.Findings.filter(({ Remains }) => Remains).map(({ Kind }) => Kind),
    ['folder-unknown'],
  );
  rmSync(at('containers', 'b'.repeat(64)), { recursive: true });
  await isSound(engine());
  assert.equal(await engine().ok('gantry', ['run', '--rm', 'busybox', 'echo', 'again']), 'again');
});

test('a missing config is told with the way to have it back, and pull or load heals it', async () => {
  const { Id } = await busybox();
  unlinkSync(blobPath(Id));
  const { report, code } = await checkReport(engine());
  assert.equal(code, 1);
  assert.deepEqual(
    report.Findings.map(({ Kind, Subject, Advice }) => [Kind, Subject, Advice]),
    [['blob-missing', Id, 'pull or load busybox:latest again']],
  );
  await loadBusybox(engine());
  await isSound(engine());
});

test('a check can be cancelled, a second one at the same time is refused, a kill during one harms nothing', async () => {
  const { request } = await import('node:http');
  const start = (): ReturnType<typeof request> => {
    const sent = request({
      socketPath: engine().socketPath,
      method: 'POST',
      path: '/gantry/system/check',
      agent: false,
    });
    sent.on('error', () => {});
    sent.on('response', (response) => response.on('error', () => {}).resume());
    sent.end();
    return sent;
  };
  // Something to find, so that it takes the second look.
  writeFileSync(at('content/ingest/once-2'), 'x');
  const first = start();
  await eventually(async () => assert.equal((await engine().api('POST', '/gantry/system/check')).status, 409));
  first.destroy();
  await eventually(async () => assert.equal((await engine().api('POST', '/gantry/system/check')).status, 200));
  start();
  await engine().kill9();
  await engine().start();
  await isSound(engine());
  assert.equal(existsSync(at('content/ingest/once-2')), false);
});
