import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfigText } from './parse-file.ts';
import { planReload, RELOADABLE } from './plan-reload.ts';

const file = (content: object) => parseConfigText('daemon.json', JSON.stringify(content));

test('reloadable options change, the others stay and are told of, each time', () => {
  const running = file({ labels: ['a=1'], mtu: 1500, bip: '10.0.0.1/24' });
  const wanted = file({
    debug: true,
    mtu: 1400,
    bip: '10.0.0.1/24',
    'registry-mirrors': ['https://u:secret@m.example'],
  });
  const plan = planReload(running, wanted);
  assert.deepEqual(plan.changed, {
    debug: 'true',
    labels: 'default',
    'registry-mirrors': '[https://xxxxx:xxxxx@m.example]',
  });
  assert.deepEqual(plan.needRestart, ['mtu']);
  assert.deepEqual([plan.config.debug, plan.config.labels, plan.config.network.mtu], [true, [], 1500]);
  assert.deepEqual(planReload(plan.values, wanted).changed, {}, 'the same again changes nothing');
  assert.deepEqual(planReload(plan.values, wanted).needRestart, ['mtu']);
});

test('a fault in an option that needs a restart is a fault', () => {
  assert.throws(() => planReload(file({}), file({ debug: true, bip: 'nonsense' })), /invalid bip/);
});

test('what dockerd reloads and this engine has is reloaded', () => {
  // Attributes of the `reload` event of dockerd 28.5, except options that this engine lacks.
  const dockerd = [
    ...['add-runtime', 'debug', 'default-cgroupns-mode', 'default-runtime', 'default-shm-size', 'insecure-registry'],
    ...['label', 'live-restore', 'max-concurrent-downloads', 'max-concurrent-uploads', 'registry-mirror'],
    'shutdown-timeout',
  ];
  assert.deepEqual(
    [...RELOADABLE].filter((flag) => flag !== 'log-level'),
    dockerd,
  );
});
