import assert from 'node:assert/strict';
import { test } from 'node:test';
import { busyboxEntries, imageArchive, type TarEntry, tarArchive } from '../support/busybox-image.ts';
import { CLIS, unique, useEngine } from '../support/fixture.ts';
import { send } from '../support/send.ts';

const engine = useEngine();
const image = unique('unfit');

/** The head of an ELF file for a processor that no machine of ours has. */
const FOREIGN_ELF = Buffer.concat([
  Buffer.from('7f454c460201010000000000000000000200ff7f01000000', 'hex'),
  Buffer.alloc(200),
]);
const file = (name: string, content: string | Buffer, mode = 0o755): TarEntry => ({ name, content, mode });

let made: Promise<void> | undefined;

/** An image with files that cannot be executed. */
function load(): Promise<void> {
  made ??= makeImage();
  return made;
}

async function makeImage(): Promise<void> {
  const entries = [
    ...busyboxEntries(),
    { name: 'm', type: 'directory', mode: 0o755 } as const,
    { name: 'm/folder', type: 'directory', mode: 0o755 } as const,
    file('m/foreign', FOREIGN_ELF),
    file('bin/in-path', FOREIGN_ELF),
    file('m/no-interpreter', '#!/nope/interpreter\necho hi\n'),
    file('m/with "quotes"', '#!/nope/interpreter\n'),
    file('m/crlf', '#!/bin/sh\r\necho hi\r\n'),
    file('m/text', 'just text\n'),
    file('m/empty', ''),
    file('m/plain', 'echo hi\n', 0o644),
  ];
  const archive = imageArchive({
    tags: [`${image}:latest`],
    layers: [tarArchive(entries)],
    config: { Env: ['PATH=/bin'] },
  });
  const answer = await send(engine().socketPath, 'POST', '/images/load?quiet=1', archive);
  assert.equal(answer?.status, 200, answer?.body);
}

/** Files that the kernel does not execute: what they print with dockerd 28.5 and runc 1.3, and exit with 255. */
const UNFIT: readonly (readonly [command: string, text: string])[] = [
  ['/m/foreign', 'exec /m/foreign: exec format error'],
  ['in-path', 'exec /bin/in-path: exec format error'],
  ['/m/no-interpreter', 'exec /m/no-interpreter: no such file or directory'],
  ['/m/with "quotes"', 'exec /m/with "quotes": no such file or directory'],
  ['/m/crlf', 'exec /m/crlf: no such file or directory'],
  ['/m/text', 'exec /m/text: exec format error'],
  ['/m/empty', 'exec /m/empty: exec format error'],
];

/** Commands that the runtime refuses: exit code, and the text of dockerd 28.5 and runc 1.3 behind its beginning. */
const REFUSED: readonly (readonly [command: string, code: number, text: string])[] = [
  ['/m/plain', 126, 'exec: "/m/plain": permission denied'],
  ['/m/folder', 126, 'exec: "/m/folder": is a directory: permission denied'],
  ['/m/nope', 127, 'exec: "/m/nope": stat /m/nope: no such file or directory'],
  ['nope', 127, 'exec: "nope": executable file not found in $PATH'],
];
const RUN =
  'Error response from daemon: failed to create task for container: failed to create shim task: OCI runtime create failed: ' +
  'runc create failed: unable to start container process: error during container init: ';
const EXEC = 'OCI runtime exec failed: exec failed: unable to start container process: ';

for (const cli of CLIS) {
  test(`${cli} run and exec of a file that cannot be executed print Docker's words and exit with 255`, async () => {
    await load();
    const name = unique('holder');
    await engine().ok(cli, ['run', '-d', '--name', name, image, 'sleep', '1000']);
    for (const [command, text] of UNFIT) {
      for (const verb of [
        ['run', '--rm', image],
        ['exec', name],
      ] as const) {
        const [first, ...rest] = verb;
        const plain = await engine()[cli]([...verb, command]);
        assert.deepEqual(plain, { code: 255, stdout: '', stderr: `${text}\n` }, `${first} ${command}`);
        const terminal = await engine()[cli]([first, '-t', ...rest, command]);
        assert.deepEqual(terminal, { code: 255, stdout: `${text}\r\n`, stderr: '' }, `${first} -t ${command}`);
      }
    }
    await engine().ok(cli, ['rm', '-f', name]);
  });

  test(`${cli} run and exec of a command that is refused exit with 126 or 127 and print Docker's words`, async () => {
    await load();
    const name = unique('holder');
    await engine().ok(cli, ['run', '-d', '--name', name, image, 'sleep', '1000']);
    for (const [command, code, text] of REFUSED) {
      for (const terminal of [[], ['-t']]) {
        const run = await engine()[cli](['run', '--rm', ...terminal, image, command]);
        assert.deepEqual([run.code, run.stdout], [code, ''], command);
        assert.equal(run.stderr.split('\n')[0], `${cli}: ${RUN}${text}`);
        const exec = await engine()[cli](['exec', ...terminal, name, command]);
        assert.deepEqual(exec, { code, stdout: `${EXEC}${text}\r\n`, stderr: '' }, command);
      }
    }
    await engine().ok(cli, ['rm', '-f', name]);
  });

  test(`${cli}: HOME given empty is the home of the user, by run and by exec`, async () => {
    await load();
    const [name, empty] = [unique('home'), unique('empty')];
    const ok = (...args: string[]): Promise<string> => engine().ok(cli, args);
    const show = ['sh', '-c', 'echo "[$HOME]"; env | grep -c ^HOME='];
    const nobody = await ok('run', '--rm', '-u', '65534', image, ...show);
    assert.match(nobody, /^\[\/[a-z]*\]\n1$/);
    assert.equal(await ok('run', '--rm', '-e', 'HOME=', image, ...show), '[/root]\n1');
    assert.equal(await ok('run', '--rm', '-e', 'HOME=', '-u', '65534', image, ...show), nobody);
    assert.equal(await ok('run', '--rm', '-e', 'HOME=/x', image, ...show), '[/x]\n1');
    await ok('run', '-d', '--name', name, image, 'sleep', '1000');
    await ok('run', '-d', '--name', empty, '-e', 'HOME=', image, 'sleep', '1000');
    for (const container of [name, empty]) {
      assert.equal(await ok('exec', container, ...show), '[/root]\n1');
      assert.equal(await ok('exec', '-e', 'HOME=', container, ...show), '[/root]\n1');
      assert.equal(await ok('exec', '-e', 'HOME=', '-u', '65534', container, ...show), nobody);
      assert.equal(await ok('exec', '-e', 'HOME=/y', container, ...show), '[/y]\n1');
    }
    await ok('rm', '-f', name, empty);
  });
}
