import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FlagShape, scanFlags } from './scan-flags.ts';

const TABLE: readonly FlagShape[] = [
  { name: 'debug', short: 'D', isBool: true },
  { name: 'tty', short: 't', isBool: true },
  { name: 'host', short: 'H', isBool: false },
  { name: 'label', isBool: false },
];

function scan(argv: readonly string[], interspersed = true) {
  const given: string[] = [];
  const assign = ({ name }: FlagShape, value: string): void => void given.push(`${name}=${value}`);
  const args = scanFlags(TABLE, argv, { interspersed, assign });
  return { given, args };
}

test('every form of a flag is read as pflag reads it', () => {
  assert.deepEqual(scan(['--host', 'a', '--host=b=c', '-H', 'd', '-He', '-H=f', '-DtH', 'g']).given, [
    ...['host=a', 'host=b=c', 'host=d', 'host=e', 'host=f'],
    ...['debug=true', 'tty=true', 'host=g'],
  ]);
  assert.deepEqual(scan(['--debug=false', '-D=0', '--label=']).given, ['debug=false', 'debug=0', 'label=']);
});

test('flags end at -- and, where they may not follow arguments, at the first argument', () => {
  assert.deepEqual(scan(['a', '-D', 'b', '--', '-t']), { given: ['debug=true'], args: ['a', 'b', '-t'] });
  assert.deepEqual(scan(['-D', 'a', '-t', '--', 'b'], false), { given: ['debug=true'], args: ['a', '-t', '--', 'b'] });
  assert.deepEqual(scan(['-', '-D']), { given: ['debug=true'], args: ['-'] });
});

test('faults are told in pflag’s words, after what came before them', () => {
  for (const [argv, message] of [
    [['--nope'], 'unknown flag: --nope'],
    [['-Dx'], "unknown shorthand flag: 'x' in -x"],
    [['--host'], 'flag needs an argument: --host'],
    [['-DH'], "flag needs an argument: 'H' in -H"],
    [['---x'], 'bad flag syntax: ---x'],
    [['--=x'], 'bad flag syntax: --=x'],
  ] as const)
    assert.throws(() => scan(argv), { message });
  const first = (): void => {
    throw new Error('first');
  };
  for (const argv of [['-D', '--nope'], ['-Dx']])
    assert.throws(() => scanFlags(TABLE, argv, { interspersed: true, assign: first }), { message: 'first' });
});
