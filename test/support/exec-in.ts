import assert from 'node:assert/strict';
import type { TestEngine } from './engine.ts';
import { hijack } from './hijack.ts';

/**
 * Runs a command in a container through the API, which costs no process here. Fails unless it exits with 0. Returns its
 * stdout without the last newline.
 */
export async function execIn(engine: TestEngine, container: string, command: readonly string[]): Promise<string> {
  const made = await engine.api('POST', `/containers/${container}/exec`, {
    Cmd: command,
    AttachStdout: true,
    AttachStderr: true,
  });
  assert.equal(made.status, 201, made.body);
  const { Id } = JSON.parse(made.body) as { readonly Id: string };
  using stream = await hijack(engine.socketPath, `/exec/${Id}/start`, { tty: false, body: {} });
  await stream.ended;
  const { ExitCode } = JSON.parse((await engine.api('GET', `/exec/${Id}/json`)).body) as { readonly ExitCode: number };
  assert.equal(ExitCode, 0, `${command.join(' ')}: exit ${ExitCode}\n${stream.errors()}${stream.received()}`);
  return stream.output().replace(/\n$/, '');
}
