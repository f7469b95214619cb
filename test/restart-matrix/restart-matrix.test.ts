import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createBody } from '../../src/cli/container/options/create-body.ts';
import { CONTAINER_FLAGS } from '../../src/cli/container/options/flags.ts';
import { parseFlags } from '../../src/cli/flags/parse.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { execIn } from '../support/exec-in.ts';
import { eventually, loadBusybox } from '../support/fixture.ts';
import { readStream } from '../support/hijack.ts';
import { type Installation, install } from './installation.ts';
import type { After, Inspection, Meanwhile, Row, Subject } from './row.ts';
import { ROWS } from './table.ts';
import { WAYS } from './ways.ts';

/** A row during an engine's end and beginning. */
interface Tried {
  readonly row: Row;
  readonly subject: Subject;
  readonly meanwhile: Meanwhile[];
  after: After;
}

let installed: Installation;
before(async () => {
  installed = await install();
});
after(() => installed[Symbol.dispose]());

for (const way of WAYS) {
  test(`all is as it was after: ${way.name}`, { concurrency: true }, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'gantry-matrix-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    await using engine = await startEngine({ command: installed.command, flags: ['--plugin-dir', folder] });
    await loadBusybox(engine);
    const tried = await runAll(engine, folder);
    await Promise.all(tried.map(async (each) => (each.after = await each.row.before(each.subject))));
    await way.end(engine, installed);
    for (const { meanwhile } of tried) for (const action of meanwhile) await action(way);
    await way.begin(engine, installed);
    if (!way.containersLive) await Promise.all(tried.map(restarted));
    await Promise.all(tried.map(({ row, after }) => t.test(row.name, () => after(way))));
  });
}

/** Starts the container of each row, after those that its options refer to. */
function runAll(engine: TestEngine, folder: string): Promise<readonly Tried[]> {
  const running = new Map<string, Promise<Tried>>();
  for (const row of ROWS) running.set(row.name, run({ engine, folder: join(folder, row.name), running }, row));
  return Promise.all(running.values());
}

async function run(
  on: { readonly engine: TestEngine; readonly folder: string; readonly running: ReadonlyMap<string, Promise<Tried>> },
  row: Row,
): Promise<Tried> {
  const { engine, folder, running } = on;
  mkdirSync(folder);
  const needed: (Promise<Tried> | undefined)[] = [];
  const rowName = (other: string): string => {
    needed.push(running.get(other) ?? assert.fail(`no row ${other} before ${row.name}`));
    return `row-${other}`;
  };
  const options = row.options?.({ folder, rowName }) ?? [];
  await Promise.all(needed);
  const policy = options.some((option) => /^--(?:restart|rm)/.test(option)) ? [] : ['--restart=always'];
  const name = `row-${row.name}`;
  const command = row.command ?? ['sleep', '1000000'];
  const id = await start(engine, name, { options: [...policy, ...options], command });
  const meanwhile: Meanwhile[] = [];
  const subject = { ...subjectOf(engine, name), id, folder, meanwhile: (action: Meanwhile) => meanwhile.push(action) };
  return { row, subject, meanwhile, after: () => assert.fail('prepared first') };
}

/** Starts as `gantry run -d` does, within this process. */
async function start(
  engine: TestEngine,
  name: string,
  { options, command }: { readonly options: readonly string[]; readonly command: readonly string[] },
): Promise<string> {
  const { flags } = parseFlags(CONTAINER_FLAGS, [...options], { interspersed: false });
  const body = createBody(flags, { image: 'busybox', command, env: {}, consoleSize: [0, 0] });
  const detached = { ...body, AttachStdin: false, AttachStdout: false, AttachStderr: false, StdinOnce: false };
  const { Id } = JSON.parse(await post(engine, `/containers/create?name=${name}`, detached)) as { readonly Id: string };
  await post(engine, `/containers/${Id}/start`);
  return Id;
}

async function post(engine: TestEngine, path: string, body?: object): Promise<string> {
  const answer = await engine.api('POST', path, body);
  assert.ok(answer.status >= 200 && answer.status < 300, `${path}: ${answer.status} ${answer.body}`);
  return answer.body;
}

function subjectOf(engine: TestEngine, name: string): Omit<Subject, 'id' | 'folder' | 'meanwhile'> {
  const get = async <T>(path: string): Promise<T> => {
    const { status, body } = await engine.api('GET', path);
    assert.equal(status, 200, `${path}: ${body}`);
    return JSON.parse(body) as T;
  };
  return {
    engine,
    name,
    get,
    post: (path, body) => post(engine, path, body),
    async logs() {
      using printed = await readStream(engine.socketPath, `/containers/${name}/logs?stdout=1&stderr=1`);
      await printed.ended;
      return printed.received();
    },
    exec: (...command) => execIn(engine, name, command),
    shell: (line) => execIn(engine, name, ['sh', '-c', line]),
    inspect: () => get<Inspection>(`/containers/${name}/json`),
  };
}

/** Waits until a row's restart policy has started its container again. They start one after the other: a busy machine takes long. */
async function restarted({ row, subject }: Tried): Promise<void> {
  if (row.staysDown === true) return;
  await eventually(async () => {
    const { State } = await subject.inspect();
    assert.ok(State.Running && State.Status === 'running', `${row.name}: ${JSON.stringify(State)}`);
  }, 600);
}
