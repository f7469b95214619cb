import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Digest } from '../../base/ids.ts';
import type { Progress, VertexProgress } from './progress.ts';
import { inOrder, Solver } from './solver.ts';
import { memoryCache, type TextVertex, textStep } from './steps-of-text.fixture.ts';
import { StepError, type Vertex } from './vertex.ts';

const never = new AbortController().signal;

function fixture(parallel = 8) {
  const cache = memoryCache();
  let now = 0;
  const failures: unknown[] = [];
  const failed = (error: unknown): void => void failures.push(error);
  const solver = new Solver<string>({ cache, parallelSteps: () => parallel, now: () => ++now, failed });
  const build = async (vertex: Vertex<string>, signal = never): Promise<{ result: string; progress: Progress[] }> => {
    const progress: Progress[] = [];
    using opened = solver.open(`build-${now}`, (each) => progress.push(each), signal);
    return { result: await opened.result({ vertex, output: 0 }), progress };
  };
  return { cache, solver, build, failures };
}

const shown = (progress: readonly Progress[]): readonly VertexProgress[] => {
  const last = new Map<string, VertexProgress>();
  for (const each of progress) if (each.kind === 'vertex') last.set(each.vertex.name, each.vertex);
  return [...last.values()];
};
const cachedNames = (progress: readonly Progress[]): readonly string[] =>
  shown(progress).flatMap(({ name, cached }) => (cached === true ? [name] : []));
const counts = (...vertices: readonly TextVertex[]): readonly number[] => vertices.map(({ runs }) => runs.count);

test('steps run once, inputs first, and the next build takes all of them from the cache', async () => {
  const { build, cache } = fixture();
  const base = textStep({ name: 'base' });
  const left = textStep({ name: 'left', inputs: [base] });
  const right = textStep({ name: 'right', inputs: [base] });
  const last = textStep({ name: 'last', inputs: [left, right] });
  const first = await build(last);
  assert.equal(first.result, 'last(left(base()),right(base()))');
  assert.deepEqual(cachedNames(first.progress), []);
  for (const { started, completed, name } of shown(first.progress)) {
    assert.ok(started !== undefined && completed !== undefined && started < completed, name);
  }
  const second = await build(last);
  assert.equal(second.result, first.result);
  assert.deepEqual(cachedNames(second.progress).toSorted(), ['base', 'last', 'left', 'right']);
  assert.deepEqual(counts(base, left, right, last), [1, 1, 1, 1]);
  await new Promise(setImmediate);
  assert.equal(cache.leases.size, 0, 'no lease is left');
});

test('a step that reads a part of its input is cached while that part is the same', async () => {
  const { build } = fixture();
  const copyFrom = (context: string): readonly [TextVertex, TextVertex, TextVertex] => {
    const local = textStep({ name: 'local', key: context, run: () => context });
    const copy = textStep({ name: 'copy', inputs: [local], reads: [(text) => text.split(' ')[0] ?? ''] });
    return [local, copy, textStep({ name: 'after', inputs: [copy] })];
  };
  const one = copyFrom('a 1');
  const two = copyFrom('a 2');
  const three = copyFrom('b 2');
  assert.equal((await build(one[2])).result, 'after(copy(a 1))');
  const second = await build(two[2]);
  assert.equal(second.result, 'after(copy(a 1))');
  assert.deepEqual(cachedNames(second.progress).toSorted(), ['after', 'copy']);
  assert.deepEqual(counts(...two), [1, 0, 0]);
  assert.equal((await build(three[2])).result, 'after(copy(b 2))');
  // By then the definition leads to the record too: the input need not even be made.
  const again = await build(copyFrom('a 2')[2]);
  assert.deepEqual(cachedNames(again.progress).toSorted(), ['after', 'copy', 'local']);
});

test('independent steps run at the same time, up to the limit', async () => {
  for (const limit of [1, 2, 8]) {
    const { build } = fixture(limit);
    let [running, most] = [0, 0];
    const run = async (): Promise<string> => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setTimeout(resolve, 5));
      running -= 1;
      return '';
    };
    const steps = Array.from({ length: 4 }, (_, at) => textStep({ name: `step ${at}`, run }));
    await build(textStep({ name: 'last', inputs: steps }));
    assert.equal(most, Math.min(limit, 4));
  }
});

test('two builds share a step; the end of one leaves it to the other, and the end of both ends it', async () => {
  const { solver, cache } = fixture();
  const { promise: go, resolve: release } = Promise.withResolvers<void>();
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  let ended = false;
  const slow = textStep({
    name: 'slow',
    async run(_, { signal, log, builds }) {
      log(1, Buffer.from('hello'));
      begin();
      signal.addEventListener('abort', () => {
        ended = true;
      });
      await go;
      signal.throwIfAborted();
      return builds().join();
    },
  });
  const [one, two] = [new AbortController(), new AbortController()];
  const late: Progress[] = [];
  using first = solver.open('one', () => {}, one.signal);
  using second = solver.open('two', (progress) => late.push(progress), two.signal);
  const edge = { vertex: slow, output: 0 };
  const cancelled = assert.rejects(first.result(edge), { kind: 'cancelled' });
  await begun;
  const kept = second.result(edge);
  assert.ok(late.some((progress) => progress.kind === 'log' && Buffer.from(progress.bytes).toString() === 'hello'));
  one.abort();
  await cancelled;
  assert.equal(ended, false);
  release();
  assert.equal(await kept, 'two');
  assert.deepEqual(counts(slow), [1]);

  const stuck = textStep({
    name: 'stuck',
    run: (_, { signal }) => new Promise((_done, fail) => signal.addEventListener('abort', fail)),
  });
  const rejected = assert.rejects(second.result({ vertex: stuck, output: 0 }), { kind: 'cancelled' });
  await new Promise((resolve) => setTimeout(resolve, 5));
  two.abort();
  await rejected;
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(cache.leases.size, 0);
});

test('a failed step names itself, ends what needs it, and runs again in the next build', async () => {
  const { build } = fixture();
  let fails = true;
  const base = textStep({ name: 'base' });
  const bad = textStep({
    name: 'bad',
    inputs: [base],
    run() {
      if (fails) throw new Error('exit code: 7');
      return 'good';
    },
  });
  const last = textStep({ name: 'last', inputs: [bad] });
  const progress: Progress[] = [];
  const { solver } = fixture();
  using opened = solver.open('x', (each) => progress.push(each), never);
  await assert.rejects(opened.result({ vertex: last, output: 0 }), (error: unknown) => {
    assert.ok(error instanceof StepError);
    assert.deepEqual([error.message, error.vertex], ['exit code: 7', bad.digest]);
    return true;
  });
  assert.equal(shown(progress).find(({ name }) => name === 'bad')?.error, 'exit code: 7');
  await assert.rejects(build(last), StepError);
  fails = false;
  assert.equal((await build(last)).result, 'last(good)');
  await assert.rejects(
    build(textStep({ name: 'more', inputs: [{ vertex: base, output: 3 }] })),
    /base has no output 3/,
  );
});

test('a lazy step runs only when its result is needed', async () => {
  const { build, cache } = fixture();
  const image = textStep({ name: 'image', isLazy: true });
  const last = textStep({ name: 'last', inputs: [image] });
  await build(last);
  cache.results.clear();
  for (const [key, id] of cache.keys) cache.results.set(id, `stored ${key}`);
  const fresh = textStep({ name: 'image', isLazy: true });
  const second = await build(textStep({ name: 'last', inputs: [fresh] }));
  assert.deepEqual(counts(fresh), [0]);
  assert.deepEqual(cachedNames(second.progress).toSorted(), ['image', 'last']);
  const other = textStep({ name: 'other', inputs: [textStep({ name: 'fresh image', isLazy: true })] });
  assert.equal((await build(other)).result, 'other(fresh image())');
});

test('a step that ignores the cache runs again with all that follows, but for what reads the same content', async () => {
  const { build } = fixture();
  const graph = (ignoresCache: boolean): readonly TextVertex[] => {
    const base = textStep({ name: 'base' });
    const run = textStep({ name: 'run', inputs: [base], ignoresCache });
    const next = textStep({ name: 'next', inputs: [run] });
    const copy = textStep({ name: 'copy', inputs: [run], reads: [(text) => text] });
    return [base, run, next, copy, textStep({ name: 'last', inputs: [next, copy] })];
  };
  const last = (vertices: readonly TextVertex[]): TextVertex => vertices.at(-1) as TextVertex;
  await build(last(graph(false)));
  const anew = graph(true);
  await build(last(anew));
  assert.deepEqual(counts(...anew), [0, 1, 1, 0, 1]);
  const after = graph(false);
  await build(last(after));
  assert.deepEqual(counts(...after), [0, 0, 0, 0, 0], 'the newest run is what the cache has now');
});

test('a record without its result is made again, and keeps its id', async () => {
  const { build, cache, solver } = fixture();
  const base = textStep({ name: 'base' });
  const middle = textStep({ name: 'middle', inputs: [base] });
  const last = textStep({ name: 'last', inputs: [middle] });
  await build(last);
  using opened = solver.open('x', () => {}, never);
  const id = await opened.record({ vertex: middle, output: 0 });
  cache.results.delete(id);
  await build(last);
  assert.deepEqual(counts(base, middle, last), [1, 1, 1], 'nobody needs it');
  await build(textStep({ name: 'other', inputs: [middle] }));
  assert.deepEqual(counts(base, middle, last), [1, 2, 1]);
  assert.equal(cache.results.get(id), 'middle(base())');
});

test('a step with several outputs runs once for all', async () => {
  const { build } = fixture();
  const two = textStep({ name: 'two', outputs: 2 });
  const last = textStep({ name: 'last', inputs: [two, { vertex: two, output: 1 }] });
  assert.equal((await build(last)).result, 'last(two(),two()#1)');
  assert.deepEqual(counts(two), [1]);
});

test('a chain of 2,000 steps is no problem', async () => {
  const { build } = fixture();
  let last = textStep({ name: '0', run: () => '0' });
  for (let at = 1; at < 2_000; at++)
    last = textStep({ name: String(at), inputs: [last], run: ([before = '']) => `${Number(before) + 1}` });
  assert.equal(inOrder(last).length, 2_000);
  assert.equal((await build(last)).result, '1999');
  assert.equal((await build(last)).result, '1999');
});

test('what a step keeps is released when the last build that needs the step ends, and a failure is reported', async () => {
  const { solver, failures } = fixture();
  const released: string[] = [];
  const keeping = textStep({
    name: 'keeping',
    run(_inputs, { keep }) {
      keep({ [Symbol.asyncDispose]: async () => void released.push('folder') });
      keep({ [Symbol.asyncDispose]: () => Promise.reject(new Error('busy')) });
      return 'made';
    },
  });
  const first = solver.open('first', () => {}, never);
  const second = solver.open('second', () => {}, never);
  await first.result({ vertex: keeping, output: 0 });
  await second.result({ vertex: keeping, output: 0 });
  first[Symbol.dispose]();
  await new Promise(setImmediate);
  assert.deepEqual(released, []);
  second[Symbol.dispose]();
  await new Promise(setImmediate);
  assert.deepEqual([released, failures.map(String)], [['folder'], ['Error: busy']]);
});

test('builds with other contexts of the same content share one run, and the second takes over when the first goes', async () => {
  const { solver, failures } = fixture();
  const gates: (() => void)[] = [];
  const copyOf = (session: string): TextVertex =>
    textStep({
      name: `copy for ${session}`,
      key: 'copy',
      inputs: [textStep({ name: `local of ${session}`, key: session, run: () => 'same files' })],
      reads: [(text) => text],
      run: async (_inputs, { signal }) => {
        const { promise, resolve, reject } = Promise.withResolvers<string>();
        gates.push(() => resolve('made'));
        signal.addEventListener('abort', () => reject(signal.reason));
        return await promise;
      },
    });
  const until = async (count: number): Promise<void> => {
    while (gates.length < count) await new Promise(setImmediate);
    for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
  };
  const [one, two, three] = ['one', 'two', 'three'].map(copyOf) as [TextVertex, TextVertex, TextVertex];
  const builds = [one, two, three].map((vertex) => {
    const progress: Progress[] = [];
    const opened = solver.open(vertex.name, (each) => progress.push(each), never);
    return { opened, progress, result: opened.result({ vertex, output: 0 }) };
  });
  await until(1);
  assert.deepEqual(counts(one, two, three), [1, 0, 0]);
  builds[0]?.opened[Symbol.dispose]();
  await assert.rejects(builds[0]?.result ?? Promise.resolve(), /context canceled/);
  await until(2);
  assert.equal(
    counts(two, three).reduce((sum, count) => sum + count),
    1,
    'one of the others runs now',
  );
  gates[1]?.();
  assert.deepEqual(await Promise.all(builds.slice(1).map(({ result }) => result)), ['made', 'made']);
  assert.equal(
    counts(two, three).reduce((sum, count) => sum + count),
    1,
  );
  const waited = builds.slice(1).flatMap(({ progress }) => cachedNames(progress));
  assert.equal(waited.length, 1, 'the one that waited is shown as cached');
  for (const { opened } of builds) opened[Symbol.dispose]();
  assert.deepEqual(failures, []);
});

test('a step whose input cannot be summed is shown as failed', async () => {
  const { solver } = fixture();
  const reading = textStep({
    name: 'reading',
    inputs: [textStep({ name: 'files' })],
    reads: [
      () => {
        throw new Error('"/missing": not found');
      },
    ],
  });
  const progress: Progress[] = [];
  using opened = solver.open('build', (each) => progress.push(each), never);
  await assert.rejects(
    opened.result({ vertex: reading, output: 0 }),
    (error) => error instanceof StepError && error.vertex === reading.digest,
  );
  assert.equal(shown(progress).find(({ name }) => name === 'reading')?.error, '"/missing": not found');
});

test('an imported cache has steps of its own build, fetches what is needed, and a failed fetch runs the step', async () => {
  const elsewhere = fixture();
  const chain = (): readonly [TextVertex, TextVertex, TextVertex] => {
    const base = textStep({ name: 'base', isLazy: true });
    const middle = textStep({ name: 'middle', inputs: [base] });
    return [base, middle, textStep({ name: 'last', inputs: [middle] })];
  };
  await elsewhere.build(chain()[2]);
  const { keys, results } = elsewhere.cache;
  for (const [id, text] of results) results.set(id, `fetched ${text}`);
  const loaded: string[] = [];
  let fails = false;
  const imported = {
    find: (key: Digest) => keys.get(key),
    async load(id: Digest) {
      if (fails) throw new Error('blob not found');
      loaded.push(results.get(id) ?? '');
      return results.get(id);
    },
  };
  const { solver, cache, build } = fixture();
  const steps = chain();
  {
    const progress: Progress[] = [];
    using opened = solver.open('importing', (each) => progress.push(each), never);
    opened.use(imported);
    assert.equal(await opened.result({ vertex: steps[2], output: 0 }), 'fetched last(middle(base()))');
    assert.deepEqual(cachedNames(progress).toSorted(), ['base', 'last', 'middle']);
  }
  assert.deepEqual([counts(...steps), loaded], [[0, 0, 0], ['fetched last(middle(base()))']]);
  assert.equal(cache.results.size, 1, 'what was not needed is not kept');
  await build(textStep({ name: 'other', inputs: [steps[1]] }));
  assert.deepEqual(counts(...steps), [1, 1, 0], 'another build does not see it');

  fails = true;
  const again = fixture();
  const failing = chain();
  const progress: Progress[] = [];
  using opened = again.solver.open('failing', (each) => progress.push(each), never);
  opened.use(imported);
  assert.equal(await opened.result({ vertex: failing[2], output: 0 }), 'last(middle(base()))');
  assert.deepEqual(counts(...failing), [1, 1, 1]);
  assert.ok(progress.some((each) => each.kind === 'log' && Buffer.from(each.bytes).includes('blob not found')));
  assert.equal(shown(progress).find(({ name }) => name === 'last')?.error, undefined);
});
