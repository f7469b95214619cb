import assert from 'node:assert/strict';
import { test } from 'node:test';
import { displayPorts } from './container/display-ports.ts';
import { startExitCode } from './container/start-error.ts';
import { usageOf } from './container/stats-sample.ts';
import { parseFilters } from './filters.ts';
import { parseFamiliar, withDefaultTag } from './format/reference.ts';
import { ellipsis, goTimeExact, truncateId } from './format/text.ts';
import { apiTimestamp } from './format/timestamp.ts';
import { imageRows } from './image/list-format.ts';
import { distance, unknownCommand } from './unknown-command.ts';

test('ports are drawn in runs, translated ones last', () => {
  const port = (IP: string, PrivatePort: number, PublicPort?: number, Type = 'tcp') => ({
    IP,
    PrivatePort,
    Type,
    ...(PublicPort === undefined ? {} : { PublicPort }),
  });
  assert.equal(displayPorts([]), '');
  assert.equal(displayPorts([port('', 80), port('', 81), port('', 443)]), '80-81/tcp, 443/tcp');
  assert.equal(
    displayPorts([port('0.0.0.0', 80, 8080), port('::', 80, 8080)]),
    '0.0.0.0:8080->80/tcp, [::]:8080->80/tcp',
  );
  assert.equal(
    displayPorts([
      port('0.0.0.0', 9001, 9001),
      port('0.0.0.0', 9000, 9000),
      port('0.0.0.0', 80, 8099),
      port('', 53, undefined, 'udp'),
    ]),
    '53/udp, 0.0.0.0:9000-9001->9000-9001/tcp, 0.0.0.0:8099->80/tcp',
  );
});

test('a failed start ends with a shell’s codes', () => {
  assert.equal(startExitCode('exec: "x": executable file not found in $PATH'), 127);
  assert.equal(startExitCode('stat /x: no such file or directory'), 127);
  assert.equal(startExitCode('exec: "/etc": is a directory: permission denied'), 126);
  assert.equal(startExitCode('port is already allocated'), 125);
});

test('references are shown without what goes without saying', () => {
  assert.deepEqual(parseFamiliar('docker.io/library/busybox:1'), { name: 'busybox', tag: '1', digest: undefined });
  assert.deepEqual(parseFamiliar('localhost:5000/a/b'), {
    name: 'localhost:5000/a/b',
    tag: undefined,
    digest: undefined,
  });
  assert.equal(parseFamiliar('Foo'), undefined);
  assert.equal(withDefaultTag('localhost:5000/x'), 'localhost:5000/x:latest');
  assert.equal(withDefaultTag('x:1'), 'x:1');
});

test('an image has a row per name', () => {
  const image = { Id: 'sha256:1', Created: 0, Size: 0, SharedSize: -1, Containers: -1 };
  const digest = `sha256:${'a'.repeat(64)}`;
  const names = (rows: ReturnType<typeof imageRows>) =>
    rows.map(({ repository, tag, digest: shown }) => `${repository}|${tag}|${shown.slice(0, 8)}`);
  assert.deepEqual(names(imageRows([{ ...image, RepoTags: [], RepoDigests: null }], false, false)), [
    '<none>|<none>|<none>',
  ]);
  assert.deepEqual(
    names(imageRows([{ ...image, RepoTags: ['a:1', 'a:2'], RepoDigests: [`a@${digest}`] }], false, false)),
    ['a|1|<none>', 'a|2|<none>'],
  );
  assert.deepEqual(names(imageRows([{ ...image, RepoTags: ['a:1'], RepoDigests: [`a@${digest}`] }], true, true)), [
    'a|1|sha256:a',
  ]);
  assert.deepEqual(names(imageRows([{ ...image, RepoTags: [], RepoDigests: [`b@${digest}`] }], false, false)), [
    'b|<none>|',
  ]);
});

test('times may be absolute, partial or ago', () => {
  const now = Date.parse('2026-01-02T03:04:05.006Z');
  assert.equal(apiTimestamp('', 'since', now), undefined);
  assert.equal(apiTimestamp('1136073600.000000001', 'since', now), '1136073600.000000001');
  assert.equal(apiTimestamp('10m', 'since', now), '1767322445.006000000');
  assert.equal(apiTimestamp('2006-01-02T15:04:05Z', 'since', now), '1136214245.000000000');
  assert.equal(apiTimestamp('2006-01-02T15:04:05.5+01:00', 'since', now), '1136210645.500000000');
  assert.throws(() => apiTimestamp('soon', 'until', now), {
    message: 'invalid value for "until": failed to parse value as time or duration: "soon"',
  });
});

test('ids are shortened, texts end with an ellipsis when cut', () => {
  assert.equal(truncateId('sha256:0123456789abcdef'), '0123456789ab');
  assert.equal(ellipsis('abcdef', 6), 'abcdef');
  assert.equal(ellipsis('abcdefg', 6), 'abcde…');
  assert.match(goTimeExact(1_500_000_000n), /\d\d:\d\d:01\.5 [+-]\d{4} \S+$/);
});

test('filters of one name are one list, whatever they are called', () => {
  assert.deepEqual(parseFilters([]), {});
  assert.deepEqual(parseFilters(['label=a=b', 'Label = c', 'status=exited', 'constructor=x']), {
    label: ['a=b', 'c'],
    status: ['exited'],
    constructor: ['x'],
  });
});

test('usage leaves out the page cache, and CPU is of all processors', () => {
  const usage = usageOf({
    cpu_stats: { cpu_usage: { total_usage: 300 }, system_cpu_usage: 2000, online_cpus: 2 },
    precpu_stats: { cpu_usage: { total_usage: 100 }, system_cpu_usage: 1000 },
    memory_stats: { usage: 1000, limit: 4000, stats: { inactive_file: 400 } },
    networks: { eth0: { rx_bytes: 1, tx_bytes: 2 }, eth1: { rx_bytes: 10, tx_bytes: 20 } },
    blkio_stats: {
      io_service_bytes_recursive: [
        { op: 'Read', value: 5 },
        { op: 'write', value: 7 },
      ],
    },
    pids_stats: { current: 3 },
  });
  assert.deepEqual(usage, {
    cpuPercent: 40,
    memoryBytes: 600,
    memoryLimitBytes: 4000,
    receivedBytes: 11,
    sentBytes: 22,
    readBytes: 5,
    writtenBytes: 7,
    processes: 3,
  });
  assert.equal(usageOf({}).cpuPercent, 0);
});

test('an unknown command names the nearest, one that Gantry lacks yet is said to be missing', () => {
  assert.equal(distance('imagse', 'images'), 1);
  assert.match(unknownCommand('gantry', ['sp']), /'sp' is not a gantry command\.[\s\S]*gantry ps\n/);
  assert.match(
    unknownCommand('gantry', ['container', 'stpo']),
    /'container stpo' is not a gantry command\.[\s\S]*gantry container stop/,
  );
  assert.match(unknownCommand('gantry', ['swarm', 'init']), /^gantry swarm: Gantry does not have this yet$/);
});
