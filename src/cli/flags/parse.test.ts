import assert from 'node:assert/strict';
import { test } from 'node:test';
import { flag, oldName } from './flag.ts';
import { HelpRequest, parseFlags } from './parse.ts';

const time = flag('-t, --timeout', 'int', '');
const TABLE = [
  flag('-i, --interactive', 'bool', ''),
  flag('--tty', 'bool', ''),
  flag('--sig-proxy', 'bool', '', { default: 'true' }),
  flag('-p, --publish', 'list', ''),
  flag('-e, --env', 'list', ''),
  flag('--name', 'string', ''),
  time,
  oldName('--time', time),
  flag('-m, --memory', 'bytes', ''),
  flag('--cpus', 'decimal', ''),
  flag('--weight', 'uint16', ''),
  flag('--wait', 'duration', ''),
  flag('--filter', 'filter', ''),
  flag('--opt', 'map', ''),
  flag('--ip', 'ip', ''),
];

const parse = (...argv: string[]) => parseFlags(TABLE, argv, { interspersed: true });

test('values come after a space, an equals sign, or right after a short flag', () => {
  const { flags, args } = parse('--name', 'a', '-p', '80', '-p81', '-p=82', '--publish=83', 'rest');
  assert.equal(flags.string('name'), 'a');
  assert.deepEqual(flags.list('publish'), ['80', '81', '82', '83']);
  assert.deepEqual(args, ['rest']);
});

test('short booleans share a dash, the last may be followed by a value', () => {
  const { flags } = parse('-ieFOO=1');
  assert.equal(flags.bool('interactive'), true);
  assert.deepEqual(flags.list('env'), ['FOO=1']);
});

test('booleans take a value only after an equals sign', () => {
  const { flags, args } = parse('--sig-proxy=false', '--tty', 'false');
  assert.equal(flags.bool('sig-proxy'), false);
  assert.equal(flags.bool('tty'), true);
  assert.deepEqual(args, ['false']);
});

test('defaults hold until a flag is given, and changed tells which it is', () => {
  const { flags } = parse('--tty=false');
  assert.equal(flags.bool('sig-proxy'), true);
  assert.equal(flags.int('timeout'), 0);
  assert.equal(flags.changed('tty'), true);
  assert.equal(flags.changed('sig-proxy'), false);
});

test('an old name sets the flag it became', () => {
  assert.equal(parse('--time', '5').flags.int('timeout'), 5);
});

test('flags end at two dashes, or at the first argument where a command follows', () => {
  assert.deepEqual(parse('a', '--tty', '--', '--name').args, ['a', '--name']);
  assert.deepEqual(parseFlags(TABLE, ['--tty', 'image', '-i', '--name'], { interspersed: false }).args, [
    'image',
    '-i',
    '--name',
  ]);
});

test('a lone dash is an argument', () => {
  assert.deepEqual(parse('-').args, ['-']);
});

test('help is asked for by its long or its free short name', () => {
  assert.throws(() => parse('--help'), HelpRequest);
  assert.throws(() => parse('-h'), HelpRequest);
});

const FAULTS: readonly (readonly [argv: string[], message: string])[] = [
  [['--foo'], 'unknown flag: --foo'],
  [['-xyz'], "unknown shorthand flag: 'x' in -xyz"],
  [['-ix'], "unknown shorthand flag: 'x' in -x"],
  [['--name'], 'flag needs an argument: --name'],
  [['-p'], "flag needs an argument: 'p' in -p"],
  [['--=x'], 'bad flag syntax: --=x'],
  [['-t', 'x'], 'invalid argument "x" for "-t, --timeout" flag: strconv.ParseInt: parsing "x": invalid syntax'],
  [
    ['-t', '99999999999999999999'],
    'invalid argument "99999999999999999999" for "-t, --timeout" flag: strconv.ParseInt: parsing "99999999999999999999": value out of range',
  ],
  [
    ['--weight', '70000'],
    'invalid argument "70000" for "--weight" flag: strconv.ParseUint: parsing "70000": value out of range',
  ],
  [['--tty=x'], 'invalid argument "x" for "--tty" flag: strconv.ParseBool: parsing "x": invalid syntax'],
  [['-m', 'x'], `invalid argument "x" for "-m, --memory" flag: invalid size: 'x'`],
  [['--cpus', 'x'], 'invalid argument "x" for "--cpus" flag: failed to parse x as a rational number'],
  [['--cpus', '0.0000000001'], 'invalid argument "0.0000000001" for "--cpus" flag: value is too precise'],
  [['--wait', '5'], 'invalid argument "5" for "--wait" flag: time: missing unit in duration "5"'],
  [['--filter', 'x'], 'invalid argument "x" for "--filter" flag: bad format of filter (expected name=value)'],
  [['--opt', 'x'], 'invalid argument "x" for "--opt" flag: x must be formatted as key=value'],
  [['--ip', '1.2.3'], 'invalid argument "1.2.3" for "--ip" flag: failed to parse IP: "1.2.3"'],
];

for (const [argv, message] of FAULTS)
  test(`refuses ${argv.join(' ')}`, () => assert.throws(() => parse(...argv), { message }));
