import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDockerfile } from '../parse/parse-dockerfile.ts';
import { placeOf } from '../source-error.ts';
import { expandInstruction } from './expand-instruction.ts';
import type { Instruction, Source } from './instruction.ts';
import { parseMount } from './parse-mount.ts';
import { exposedPorts, parsePort } from './port.ts';
import { readStages } from './read-stages.ts';

/** The only instruction of a stage, without what all have. */
function read(text: string): object {
  const [instruction] = readStages(parseDockerfile(`FROM scratch\n${text}\n`)).stages[0]?.instructions ?? [];
  const { name, code, range, comments, ...rest } = instruction as Instruction & Source;
  return rest;
}

function errorOf(text: string): string {
  try {
    read(text);
  } catch (error) {
    assert.equal(placeOf(error)?.start.line, 2);
    return (error as Error).message.replace('dockerfile parse error on line 2: ', '');
  }
  throw new Error('no error');
}

test('RUN has its command, heredocs and flags', () => {
  const text =
    'RUN --mount=type=cache,target=/c --mount=target=/d --network=none --security=insecure --device=a=b,required <<-A\n\tx\nA';
  assert.deepEqual(read(text), {
    kind: 'run',
    command: { words: ['<<-A'], usesShell: true },
    files: [{ name: 'A', content: '\tx\n', cutsTabs: true }],
    mounts: ['type=cache,target=/c', 'target=/d'],
    network: 'none',
    security: 'insecure',
    devices: [{ name: 'a=b', isRequired: true }],
    flags: ['mount', 'network', 'security', 'device'],
  });
  assert.equal(errorOf('RUN --security=foo x'), 'security "foo" is not valid');
  assert.equal(errorOf('RUN --network=foo x'), 'invalid network mode "foo"');
});

test('COPY and ADD have sources, inline files and flags', () => {
  const copy =
    'COPY --from=a --chown=1:2 --chmod=u+x --link --parents --exclude=*.md --exclude=b <<A <<-"B" x /y/\n$v\nA\n\t$w\nB';
  assert.deepEqual(read(copy), {
    kind: 'copy',
    sources: ['x'],
    inlineFiles: [
      { name: 'A', content: '$v\n', expands: true },
      { name: 'B', content: '$w\n', expands: false },
    ],
    destination: '/y/',
    owner: '1:2',
    mode: 'u+x',
    isLink: true,
    excludes: ['*.md', 'b'],
    from: 'a',
    keepsParents: true,
  });
  assert.deepEqual(read('ADD --keep-git-dir --checksum=sha256:1 --unpack=false a b'), {
    kind: 'add',
    sources: ['a'],
    inlineFiles: [],
    destination: 'b',
    owner: '',
    mode: '',
    isLink: false,
    excludes: [],
    keepsGitDirectory: true,
    checksum: 'sha256:1',
    unpacks: false,
  });
  assert.equal(errorOf('COPY a <<A\nA'), 'COPY cannot accept a heredoc as a destination');
});

test('HEALTHCHECK has a test and its times', () => {
  assert.deepEqual(read('HEALTHCHECK --interval=1m --retries=2 CMD a  b'), {
    kind: 'healthcheck',
    test: ['CMD-SHELL', 'a  b'],
    intervalNanos: 60e9,
    timeoutNanos: 0,
    startPeriodNanos: 0,
    startIntervalNanos: 0,
    retries: 2,
  });
});

test('ARG defines several names, and comments describe them', () => {
  assert.deepEqual(read('# a first\n# b second\nARG a b="x y" c='), {
    kind: 'arg',
    args: [
      { key: 'a', description: 'first' },
      { key: 'b', value: '"x y"', description: 'second' },
      { key: 'c', value: '' },
    ],
  });
});

test('ONBUILD keeps its instruction with heredocs', () => {
  assert.deepEqual(read('ONBUILD  COPY <<A /x\ny\nA'), { kind: 'onbuild', trigger: 'COPY <<A /x\ny\nA' });
});

test('stages have a base, a name and a platform, and ARG before them is global', () => {
  const text = 'ARG v=1\n# b the second\nFROM --platform=$P a:$v AS B\nRUN x\nFROM b\n';
  const { globalArgs, stages } = readStages(parseDockerfile(text));
  assert.deepEqual(globalArgs[0]?.args, [{ key: 'v', value: '1' }]);
  assert.deepEqual(
    stages.map(({ index, from, instructions }) => [
      index,
      from.base,
      from.stageName,
      from.platform,
      instructions.length,
    ]),
    [
      [0, 'a:$v', 'b', '$P', 1],
      [1, 'b', '', '', 0],
    ],
  );
  assert.equal(stages[0]?.from.description, 'the second');
});

test('a mount has options of its type', () => {
  const expand = (word: string): string => word.replace('$T', 'cache');
  assert.deepEqual(parseMount('type=$T,id=i,dst=/c,sharing=locked,mode=0700,uid=1,gid=2,from=s,src=d', expand), {
    type: 'cache',
    id: 'i',
    target: '/c',
    sharing: 'locked',
    mode: 0o700,
    uid: 1,
    gid: 2,
    from: 's',
    source: 'd',
    isReadOnly: false,
  });
  assert.deepEqual(parseMount('type=tmpfs,destination=/t,size=1k', expand), {
    type: 'tmpfs',
    target: '/t',
    sizeBytes: 1024,
    isReadOnly: false,
  });
  assert.deepEqual(parseMount('type=secret,id=s,env=S,required', expand), {
    type: 'secret',
    id: 's',
    env: 'S',
    isRequired: true,
    isReadOnly: true,
  });
  assert.deepEqual(parseMount('target=/a,rw', expand), { type: 'bind', target: '/a', isReadOnly: false });
  assert.deepEqual(parseMount('type=ssh', expand), { type: 'ssh', isReadOnly: true });
  assert.throws(() => parseMount('type=secret,from=a,id=b', expand), {
    message: 'secret mount should not have a from',
  });
});

test('a port may be a range, and name what it cannot map', () => {
  assert.deepEqual(exposedPorts(parsePort('80-82/UDP')), { first: 80, last: 82, protocol: 'udp' });
  assert.deepEqual(parsePort('[::1]:8080:80'), { address: '[::1]', hostPort: '8080', port: '80', protocol: 'tcp' });
  assert.throws(() => exposedPorts(parsePort('70000')), { message: 'invalid containerPort: 70000' });
});

test('the words of an instruction are expanded, and heredocs that want it', () => {
  const [copy] = readStages(parseDockerfile('FROM a\nCOPY --chown=$o <<A <<"B" $s $d\n$c\nA\n$c\nB\n')).stages[0]
    ?.instructions ?? [undefined];
  assert.ok(copy?.kind === 'copy');
  const expanded = expandInstruction(copy, { word: (text) => `<${text}>`, content: (text) => `{${text}}` });
  assert.deepEqual(
    [expanded.owner, expanded.sources, expanded.destination, expanded.inlineFiles.map(({ content }) => content)],
    ['<$o>', ['<$s>'], '<$d>', ['{$c\n}', '$c\n']],
  );
});
