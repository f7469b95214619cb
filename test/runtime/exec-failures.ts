import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { collect, demultiplex, NO_STDIO, type TaskHost } from '../support/task-host.ts';

/** The head of an ELF file for a processor that no machine of ours has. */
const FOREIGN_ELF = Buffer.concat([
  Buffer.from('7f454c460201010000000000000000000200ff7f01000000', 'hex'),
  Buffer.alloc(200),
]);

/** Files that exist, may be executed, and cannot be; what dockerd 28 says of each. */
const FILES: readonly (readonly [string, string | Buffer, string])[] = [
  ['foreign', FOREIGN_ELF, 'exec format error'],
  ['no-interpreter', '#!/nope/interpreter\necho hi\n', 'no such file or directory'],
  ['crlf', '#!/bin/sh\r\necho hi\r\n', 'no such file or directory'],
  ['text', 'just text\n', 'exec format error'],
  ['with "quotes"', '#!/nope/interpreter\n', 'no such file or directory'],
];

/** The execve(2) in the container fails, by run, exec and exec on a terminal: Docker's words, never a line of the runtime's log. */
export async function assertExecFailures(host: TaskHost): Promise<void> {
  const { id } = await host.start(['sleep', '1000']);
  mkdirSync(`${host.rootfs}/m`, { recursive: true });
  for (const [name, content, reason] of FILES) {
    writeFileSync(`${host.rootfs}/m/${name}`, content);
    chmodSync(`${host.rootfs}/m/${name}`, 0o755);
    const words = `exec /m/${name}: ${reason}`;
    const run = await host.run([`/m/${name}`]);
    assert.equal(run.exit.exitCode, 255, words);
    assert.equal(host.logText(run.id), `${words}\n`);
    for (const tty of [false, true]) {
      const execId = host.newId();
      const all = collect(await host.attach(id, execId));
      const ended = host.exit(execId);
      await host.exec(id, [`/m/${name}`], { ...NO_STDIO, tty }, execId);
      assert.equal((await ended).exitCode, 255, words);
      const bytes = await all;
      assert.equal(tty ? bytes.toString() : demultiplex(bytes).stderr, `${words}${tty ? '\r' : ''}\n`);
    }
  }
  // A program that prints what a runtime might is left alone.
  const print = await host.run(['sh', '-c', `echo 'exec: Exec format error' >&2; exit 1`]);
  assert.equal(print.exit.exitCode, 1);
  assert.equal(host.logText(print.id), 'exec: Exec format error\n');
  await host.kill(id);
}
