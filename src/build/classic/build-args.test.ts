import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BuildArgs } from './build-args.ts';

const NONE = new Map<string, string>();

test('a stage sees what it declares: the given value, else its default, else the global one', () => {
  const args = new BuildArgs(
    new Map([
      ['A', 'given'],
      ['U', undefined],
    ]),
  );
  args.declareGlobal('G', 'global');
  args.beginStage();
  assert.deepEqual([...args.beside(NONE)], []);
  args.declare('A', 'default');
  args.declare('B', 'default');
  args.declare('G', undefined);
  args.declare('U', undefined);
  assert.deepEqual(Object.fromEntries(args.beside(NONE)), { A: 'given', B: 'default', G: 'global' });
  assert.deepEqual([...args.beside(new Map([['A', 'env']])).keys()], ['B', 'G']);
  args.beginStage();
  assert.deepEqual([...args.beside(NONE)], []);
});

test('proxies need no ARG, and do not count unless one names them', () => {
  const args = new BuildArgs(new Map([['http_proxy', 'p']]));
  args.beginStage();
  assert.deepEqual([...args.beside(NONE)], [['http_proxy', 'p']]);
  assert.equal(args.counts('http_proxy'), false);
  args.declare('http_proxy', undefined);
  assert.equal(args.counts('http_proxy'), true);
  assert.deepEqual(args.unused(), []);
});

test('given arguments that no ARG names are unused', () => {
  const args = new BuildArgs(
    new Map([
      ['Z', '1'],
      ['A', '1'],
      ['USED', '1'],
    ]),
  );
  args.declareGlobal('USED', undefined);
  assert.deepEqual(args.unused(), ['A', 'Z']);
});
