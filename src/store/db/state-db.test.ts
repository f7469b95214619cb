import assert from 'node:assert/strict';
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { command } from '../../../test/support/command.ts';
import { makeFullDisk } from '../../../test/support/full-disk.ts';
import { detachMount, mount } from '../../linux/index.ts';
import { MIGRATIONS, type Migration } from './migrate.ts';
import { openStateDb, refuseNewerRoot } from './state-db.ts';

function root(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'gantry-db-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

const small = { ballastBytes: 64 << 10 };

/** The refusal of a root with one schema more than this engine has. */
const NEWER = new RegExp(`schema ${MIGRATIONS.length + 1}, this engine knows ${MIGRATIONS.length}`);

test('records come back in order of their first put, after a reopening too', (t) => {
  const path = root(t);
  const first = openStateDb(path, small);
  const table = first.table<{ n: number; text?: string }>('containers', { durable: false });
  table.put('b', { n: 1 });
  table.put('a', { n: 2, text: 'naïve \u0000 "quoted"' });
  table.put('b', { n: 3 });
  table.put('c', { n: 4 });
  table.delete('c');
  table.delete('never');
  first.close();

  const again = openStateDb(path, small);
  const reopened = again.table<{ n: number; text?: string }>('containers', { durable: false });
  assert.deepEqual(reopened.all(), [{ n: 3 }, { n: 2, text: 'naïve \u0000 "quoted"' }]);
  assert.deepEqual(reopened.get('b'), { n: 3 });
  assert.equal(reopened.get('c'), undefined);
  again.close();
});

test('a record may hold bigints beside strings that look like encoded ones', (t) => {
  const db = openStateDb(root(t), small);
  const table = db.table<object>('events', { durable: false });
  const records = [
    { at: 1_795_222_222_123_456_789n, list: [-5n, 0n], text: '\u0001bigint:7', more: '\u0001\u0001x' },
    { text: '\u0001bigint:7' },
  ];
  records.forEach((record, index) => {
    table.put(String(index), record);
  });
  assert.deepEqual(table.all(), records);
  db.close();
});

test('a transaction over several tables happens whole or not at all', (t) => {
  const db = openStateDb(root(t), small);
  const names = db.table<string>('image_names', { durable: true });
  const images = db.table<string>('images', { durable: true });
  names.put('kept', 'x');
  assert.throws(
    () =>
      db.transaction(() => {
        names.put('new', 'y');
        db.transaction(() => images.put('new', 'y'));
        names.delete('kept');
        throw new Error('no');
      }),
    /^Error: no$/,
  );
  assert.deepEqual([names.all(), images.all()], [['x'], []]);
  const answer = db.transaction(() => {
    names.put('new', 'y');
    images.put('new', 'y');
    return 7;
  });
  assert.equal(answer, 7);
  assert.deepEqual([names.all(), images.all()], [['x', 'y'], ['y']]);
  db.close();
});

test('a durable table refuses a transaction that is not durable', (t) => {
  const db = openStateDb(root(t), small);
  const images = db.table<string>('images', { durable: true });
  assert.throws(() => db.transaction(() => images.put('x', 'x'), { durable: false }), { kind: 'internal' });
  assert.deepEqual(images.all(), []);
  db.close();
});

test('a damaged, foreign or newer database is refused with its path and the way out', (t) => {
  const damaged = root(t);
  writeFileSync(join(damaged, 'state.db'), 'this is no database at all, '.repeat(200));
  assert.throws(() => openStateDb(damaged, small), { kind: 'internal', message: /state\.db is damaged/ });

  const foreign = root(t);
  const other = new DatabaseSync(join(foreign, 'state.db'));
  other.exec('CREATE TABLE bookmarks (url TEXT)');
  other.close();
  assert.throws(() => openStateDb(foreign, small), { kind: 'internal', message: /not a state database/ });

  const newer = root(t);
  openStateDb(newer, small).close();
  const future = new DatabaseSync(join(newer, 'state.db'));
  future.exec('PRAGMA user_version = 99');
  future.close();
  assert.throws(() => openStateDb(newer, small), { kind: 'internal', message: /newer engine \(schema 99/ });
});

/** The content of every file of a folder. */
function content(folder: string): Record<string, string> {
  const names = readdirSync(folder).sort();
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name)).toString('base64')]));
}

test('a root that a newer engine has written to is refused, and no byte of it changes', (t) => {
  const path = root(t);
  const db = openStateDb(path, { ...small, migrations: [...MIGRATIONS, () => {}] });
  db.table<string>('containers', { durable: false }).put('a', 'x');
  db.close();
  rmSync(join(path, 'ballast'));
  const before = content(path);
  assert.throws(() => refuseNewerRoot(path), { kind: 'internal', message: /schema was written by a newer engine/ });
  assert.throws(() => openStateDb(path, small), { kind: 'internal', message: NEWER });
  assert.deepEqual(content(path), before);
});

test('a root without the number of its schema gets it, and an engine that is killed in a migration goes on with it', async (t) => {
  const path = root(t);
  const first = openStateDb(path, small);
  first.table<string>('containers', { durable: false }).put('a', 'x');
  first.close();
  rmSync(join(path, 'schema'));
  // The daemon of the next release is killed in its first step, after a change.
  const killed = await command(process.execPath, [
    '--disable-warning=ExperimentalWarning',
    '--input-type=module',
    '-e',
    `import { openStateDb } from ${JSON.stringify(new URL('./state-db.ts', import.meta.url).href)};
     import { MIGRATIONS } from ${JSON.stringify(new URL('./migrate.ts', import.meta.url).href)};
     const dies = (db) => {
       db.exec("UPDATE containers SET record = 'half'");
       process.kill(process.pid, 'SIGKILL');
       for (;;);
     };
     openStateDb(${JSON.stringify(path)}, { ballastBytes: 65536, migrations: [...MIGRATIONS, dies] });`,
  ]);
  assert.equal(killed.code, 137, killed.stderr);
  assert.throws(() => openStateDb(path, small), { message: NEWER }, 'the older one refuses');
  let seen: unknown;
  const next: Migration = (db) => {
    seen = db.prepare('SELECT record FROM containers').get()?.['record'];
  };
  openStateDb(path, { ...small, migrations: [...MIGRATIONS, next] }).close();
  assert.equal(seen, '"x"', 'what the cut short step did is undone, and it is done again');
  assert.equal(readFileSync(join(path, 'schema'), 'utf8'), `${MIGRATIONS.length + 1}\n`);
});

test('the ballast is there from the start and comes back after it was given up', (t) => {
  const path = root(t);
  const db = openStateDb(path, small);
  assert.ok(existsSync(join(path, 'ballast')));
  rmSync(join(path, 'ballast'));
  db.restoreBallast();
  assert.ok(existsSync(join(path, 'ballast')));
  db.close();
});

test('on a disk without a free byte, with a neighbour that takes what is given up, records change and are read after a kill', (t) => {
  const path = mkdtempSync(join(tmpdir(), 'gantry-db-'));
  mount({ source: 'tmpfs', target: path, type: 'tmpfs', data: 'size=12m' });
  t.after(() => {
    detachMount(path);
    rmSync(path, { recursive: true });
  });
  const fill = (): void => {
    const file = openSync(join(path, 'filler'), 'a');
    try {
      for (;;) writeSync(file, Buffer.alloc(4096, 'f'));
    } catch {
      closeSync(file);
    }
  };
  const db = openStateDb(path, small);
  const table = db.table<{ state: string; more: string }>('containers', { durable: false });
  const more = 'm'.repeat(3000);
  for (let at = 0; at < 20; at++) table.put(`c${at}`, { state: 'created', more });
  fill();
  for (let round = 0; round < 200; round++) {
    for (let at = 0; at < 20; at++) table.put(`c${at}`, { state: `round ${round}`, more });
    fill();
  }
  table.delete('c3');
  assert.equal(existsSync(join(path, 'ballast')), true, 'none of it needed the ballast');
  // Another connection finds the log as a kill leaves it.
  const copy = root(t);
  for (const name of ['state.db', 'state.db-wal']) copyFileSync(join(path, name), join(copy, name));
  const found = openStateDb(copy, small).table<{ state: string }>('containers', { durable: false });
  assert.deepEqual([found.all().length, found.get('c7')?.state, found.get('c3')], [19, 'round 199', undefined]);
  db.close();
});

test('a daemon that was killed starts on a nearly full disk of small blocks', async () => {
  using disk = makeFullDisk(16);
  const run = (work: string): ReturnType<typeof command> =>
    command(process.execPath, [
      '--disable-warning=ExperimentalWarning',
      '--input-type=module',
      '-e',
      `import { openStateDb } from ${JSON.stringify(new URL('./state-db.ts', import.meta.url).href)};
       const db = openStateDb(${JSON.stringify(disk.path)}, { ballastBytes: 65536 });
       const table = db.table('containers', { durable: false });
       ${work}`,
    ]);
  await run(`table.put('a', 'x'); process.kill(process.pid, 'SIGKILL'); for (;;);`);
  assert.ok(statSync(join(disk.path, 'state.db-wal')).size > 0);
  disk.fill();
  // The index of the log would take one block in each of its pages, and find no more.
  const filler = join(disk.path, 'filler/bytes');
  truncateSync(filler, statSync(filler).size - (12 << 10));
  const next = await run(`console.log(table.get('a')); process.kill(process.pid, 'SIGKILL'); for (;;);`);
  assert.deepEqual([next.stdout, next.code], ['x\n', 137], next.stderr);
});
