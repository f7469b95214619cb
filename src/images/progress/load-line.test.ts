import assert from 'node:assert/strict';
import { test } from 'node:test';
import { humanSize, layerProgress } from './load-line.ts';

test('lines and bars are those of dockerd', () => {
  assert.deepEqual(layerProgress('c6c1b4dd429b', 32_768, 301_568), {
    status: 'Loading layer',
    progressDetail: { current: 32_768, total: 301_568 },
    progress: '[=====>                                             ]  32.77kB/301.6kB',
    id: 'c6c1b4dd429b',
  });
  assert.equal(
    layerProgress('a38393211fe0', 2560, 2560)['progress'],
    '[==================================================>]   2.56kB/2.56kB',
  );
});

test('sizes have four digits and decimal units', () => {
  assert.deepEqual([0, 999, 1000, 1_984_710, 5e12].map(humanSize), ['0B', '999B', '1kB', '1.985MB', '5TB']);
});
