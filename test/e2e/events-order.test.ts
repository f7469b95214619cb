import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CLIS, unique, useEngine } from '../support/fixture.ts';

const engine = useEngine();

for (const cli of CLIS) {
  test(`${cli}: what a container gives back is announced before its end, as dockerd does`, async () => {
    const name = unique('order');
    const since = String(Date.now() / 1000);
    await engine().ok(cli, ['run', '--rm', '--name', name, '-v', `${name}:/v`, 'busybox', 'true']);
    const shown = [
      'events',
      '--since',
      since,
      '--until',
      String(Date.now() / 1000),
      '--format',
      '{{.Type}} {{.Action}}',
    ];
    const order = (await engine().ok(cli, shown)).split('\n');
    const only = order.filter((line) => !['volume mount', 'network connect'].includes(line));
    assert.deepEqual(only, [
      ...['volume create', 'container create', 'container attach', 'container start'],
      ...['network disconnect', 'volume unmount', 'container die', 'container destroy'],
    ]);
    await engine().ok(cli, ['volume', 'rm', name]);
  });
}
