import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { composeProject } from '../support/compose-project.ts';
import { eventually, useEngine } from '../support/fixture.ts';

// `gantry compose --dry-run` with commands that have no plan of changes: they show what they would do, and do nothing.
const engine = useEngine();

test('a dry run shows what commands on containers would do, and does nothing', async (t) => {
  const app = composeProject(t, engine(), {
    'compose.yaml': `
services:
  web:
    image: busybox
    command: sleep 1000
    stop_grace_period: 0s
    depends_on: [db]
    develop: { watch: [{ action: sync+exec, path: ./pages, target: /pages, exec: { command: touch /ran } }] }
  db: { image: busybox, command: sleep 1000, stop_grace_period: 0s }
  made: { image: example.com/made, build: . , profiles: [made] }
`,
    'pages/one': 'first\n',
  });
  const { name, folder } = app;
  const web = `${name}-web-1`;
  const missing = await app.compose('--dry-run', 'exec', '-d', 'web', 'true');
  assert.deepEqual([missing.code, missing.stderr], [1, 'service "web" is not running\n']);
  const early = await app.compose('--dry-run', 'run', '-d', 'web', 'true');
  assert.match(early.stderr, /-db-1 {2}Started \(dry run\)$/m);
  assert.match(early.stdout, new RegExp(`^${name}-web-run-[0-9a-f]{12}\n$`));
  assert.equal((await app.containers()).size, 0);

  await app.ok('up', '-d');
  const before = await app.containers();
  const file = join(folder, 'copied');
  const cases: readonly (readonly [string, number, RegExp])[] = [
    ['exec -d web rm /bin/sh', 0, new RegExp(`^ Container ${web} {2}Execute \\["rm","/bin/sh"\\] \\(dry run\\)$`, 'm')],
    ['exec -T web rm /bin/sh', 1, /Execute .*\n--dry-run cannot show what the program of "exec" would print/],
    ['run --rm --no-deps web true', 1, /-web-run-\w+ {2}Started \(dry run\)\n--dry-run cannot show/],
    ['attach web', 1, /Attach \(dry run\)\n--dry-run cannot show/],
    ['commit web kept:1', 0, new RegExp(`${web} {2}Committed as kept:1 \\(dry run\\)$`, 'm')],
    [`export -o ${file} web`, 0, /Exported to .*copied \(dry run\)$/m],
    [`cp web:/etc/passwd ${file}`, 0, new RegExp(`Copied ${web}:/etc/passwd to ${file} \\(dry run\\)$`, 'm')],
    [`cp ${folder}/compose.yaml web:/kept`, 0, /Copied .*compose.yaml to .*-web-1:\/kept \(dry run\)$/m],
    ['cp web:/none .', 1, /^web:\/none: no such file or directory$/m],
    ['cp ./none web:/', 1, /^\.\/none: no such file or directory$/m],
    ['--profile made push', 0, /^ example.com\/made Pushed \(dry run\) $/m],
  ];
  await Promise.all(
    cases.map(async ([line, code, shown]) => {
      const result = await app.compose('--dry-run', ...line.split(' '));
      assert.equal(result.code, code, `${line}: ${result.stderr}`);
      assert.match(result.stderr, shown, line);
    }),
  );
  const { child, printed } = app.start('--dry-run', 'watch', '--no-up');
  await eventually(async () => assert.match(printed(), /^Watch enabled$/m));
  app.write('pages/one', 'second\n');
  await eventually(async () => assert.match(printed(), /^Execute \["touch","\/ran"\] in .*web-1 \(dry run\)$/m));
  assert.match(printed(), /^Syncing service "web" after 1 changes were detected \(dry run\)$/m);
  child.kill('SIGINT');

  assert.deepEqual(await app.containers(), before);
  assert.equal(
    await app.ok('exec', '-T', 'web', 'sh', '-c', 'ls /bin/sh; ls -d /kept /pages /ran 2>/dev/null; true'),
    '/bin/sh',
  );
  assert.equal(existsSync(file), false);
  assert.equal(await engine().ok('gantry', ['images', '-q', 'kept']), '');
});
