import assert from 'node:assert/strict';
import { randomFillSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { tarArchive } from '../support/busybox-image.ts';
import { debianRegistry } from '../support/debian-registry.ts';
import { faultyRegistry } from '../support/faulty-registry.ts';
import { CLIS, eventually, unique, useEngine } from '../support/fixture.ts';
import { processesOf } from '../support/resources.ts';

const engine = useEngine();
const [cli = 'gantry'] = CLIS;
const LAYER_BYTES = 150_000_000;
/** What one transfer may add to the engine's memory, whatever the size of what is transferred. */
const GROWTH_BYTES = 40_000_000;

/** Highest resident size of gantryd so far. */
function peakBytes(): number {
  const status = readFileSync(`/proc/${engine().pid()}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]) * 1024;
}

/** Memory of gantryd and its supervisor that is not a file's. */
function anonymousBytes(): number {
  return [engine().pid(), ...supervisorPids()].reduce((sum, pid) => {
    const shares = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
    return sum + Number(/^Pss_Anon:\s+(\d+) kB/m.exec(shares)?.[1]) * 1024;
  }, 0);
}

function supervisorPids(): readonly number[] {
  return processesOf(engine()).filter((pid) =>
    readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('gantry-supervisor'),
  );
}

test('half a million lines of output leave no memory behind in either process', async () => {
  const before = anonymousBytes();
  assert.equal(supervisorPids().length, 1);
  const name = unique('lines');
  const print = `yes ${'0123456789'.repeat(7)} | head -n 500000`;
  const { code, stdout } = await engine()[cli](['run', '--name', name, 'busybox', 'sh', '-c', print]);
  assert.deepEqual([code, stdout.length], [0, 35_500_000]);
  await eventually(async () => {
    const left = anonymousBytes() - before;
    assert.ok(left < 15_000_000, `${left} bytes are left`);
  });
  await engine().ok(cli, ['rm', name]);
});

test('a pull and a push of a layer of 150 MB take little memory', async () => {
  await using source = await faultyRegistry();
  await using target = await debianRegistry();
  const content = randomFillSync(Buffer.alloc(LAYER_BYTES));
  source.publish('large', 'latest', [tarArchive([{ name: 'large', content }])], {
    // Hardly compressed, so that both sides are large.
    compress: (layer) => gzipSync(layer, { level: 0 }),
  });
  const name = `${source.host}/large`;
  const before = peakBytes();
  await engine().ok(cli, ['pull', '-q', name]);
  const pulled = peakBytes() - before;
  assert.ok(pulled < GROWTH_BYTES, `the pull took ${pulled} bytes`);
  const copy = `${target.host}/${unique('large')}:1`;
  await engine().ok(cli, ['tag', name, copy]);
  await engine().ok(cli, ['push', '-q', copy]);
  const pushed = peakBytes() - before;
  assert.ok(pushed < GROWTH_BYTES, `pull and push took ${pushed} bytes`);
  await engine().ok(cli, ['rmi', name, copy]);
});
