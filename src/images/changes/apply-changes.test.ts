// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of Dockerfile instructions
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerConfig } from '../../spec/index.ts';
import { applyChanges } from './apply-changes.ts';

/** Configs as dockerd 28.5 returns them. Empty fields are omitted. */
const ACCEPTED: readonly (readonly [readonly string[], ContainerConfig])[] = [
  [['CMD ["a","b"]'], { Cmd: ['a', 'b'] }],
  [['CMD echo $HOME "x y"'], { Cmd: ['/bin/sh', '-c', 'echo $HOME "x y"'] }],
  [['CMD'], { Cmd: ['/bin/sh', '-c'] }],
  [['CMD ["a", b]'], { Cmd: ['/bin/sh', '-c', '["a", b]'] }],
  [['CMD []'], {}],
  [['ENTRYPOINT ["x"]'], { Entrypoint: ['x'] }],
  [['ENTRYPOINT exec top -b'], { Entrypoint: ['/bin/sh', '-c', 'exec top -b'] }],
  [['ENTRYPOINT []'], {}],
  [['ENV A=b C="d e" E=f\\ g'], { Env: ['A=b', 'C=d e', 'E=f g'] }],
  [['ENV A b c'], { Env: ['A=b c'] }],
  [['ENV A=$PATH'], { Env: ['A='] }],
  [['ENV A=b', 'ENV C=${A}x'], { Env: ['A=b', 'C=bx'] }],
  [['ENV A=\'x $y\' B="x $y"'], { Env: ['A=x $y', 'B=x '] }],
  [['ENV A=1', 'ENV A=2'], { Env: ['A=2'] }],
  [
    ['EXPOSE 80 443/udp 8000-8002/tcp'],
    { ExposedPorts: { '443/udp': {}, '80/tcp': {}, '8000/tcp': {}, '8001/tcp': {}, '8002/tcp': {} } },
  ],
  [['EXPOSE 8080:80'], { ExposedPorts: { '80/tcp': {} } }],
  [['LABEL a=b "c d"="e f"'], { Labels: { a: 'b', 'c d': 'e f' } }],
  [['LABEL a b c'], { Labels: { a: 'b c' } }],
  [["LABEL a='q $x'"], { Labels: { a: 'q $x' } }],
  [['USER me:grp'], { User: 'me:grp' }],
  [['USER a b'], { User: 'a b' }],
  [['WORKDIR /a/b/../c'], { WorkingDir: '/a/c' }],
  [['WORKDIR rel'], { WorkingDir: '/rel' }],
  [['WORKDIR /a', 'WORKDIR b'], { WorkingDir: '/a/b' }],
  [['VOLUME /data /more'], { Volumes: { '/data': {}, '/more': {} } }],
  [['VOLUME ["/x y"]'], { Volumes: { '/x y': {} } }],
  [['STOPSIGNAL SIGTERM'], { StopSignal: 'SIGTERM' }],
  [['STOPSIGNAL 9'], { StopSignal: '9' }],
  [['HEALTHCHECK NONE'], { Healthcheck: { Test: ['NONE'] } }],
  [
    ['HEALTHCHECK --interval=5s --timeout=1m30s --retries=3 --start-period=1s --start-interval=2s CMD curl -f x'],
    {
      Healthcheck: {
        Test: ['CMD-SHELL', 'curl -f x'],
        Interval: 5000000000,
        Timeout: 90000000000,
        StartPeriod: 1000000000,
        StartInterval: 2000000000,
        Retries: 3,
      },
    },
  ],
  [['HEALTHCHECK CMD ["a","b"]'], { Healthcheck: { Test: ['CMD', 'a', 'b'] } }],
  [['HEALTHCHECK --interval=0s CMD x'], { Healthcheck: { Test: ['CMD-SHELL', 'x'] } }],
  [['HEALTHCHECK --retries=0 CMD x'], { Healthcheck: { Test: ['CMD-SHELL', 'x'] } }],
  [['ONBUILD RUN echo hi'], { OnBuild: ['RUN echo hi'] }],
  [['cmd lower'], { Cmd: ['/bin/sh', '-c', 'lower'] }],
  [['ENV A=b \\'], { Env: ['A=b'] }],
  [['ENV A=b\nCMD x'], { Env: ['A=b'], Cmd: ['/bin/sh', '-c', 'x'] }],
  [['ENV A=b \\\n C=d'], { Env: ['A=b', 'C=d'] }],
  [['ENTRYPOINT ["e"]', 'CMD ["c"]'], { Cmd: ['c'], Entrypoint: ['e'] }],
  [['CMD ["c"]', 'ENTRYPOINT ["e"]'], { Cmd: ['c'], Entrypoint: ['e'] }],
];

const REFUSED: readonly (readonly [readonly string[], string])[] = [
  [['ENV A'], 'ENV must have two arguments'],
  [['ENV =x'], 'ENV names can not be blank'],
  [['EXPOSE abc'], 'Invalid containerPort: abc'],
  [['EXPOSE'], 'EXPOSE requires at least one argument'],
  [['LABEL x'], 'LABEL must have two arguments'],
  [['USER'], 'USER requires exactly one argument'],
  [['VOLUME'], 'VOLUME requires at least one argument'],
  [['VOLUME [""]'], 'VOLUME specified can not be an empty string'],
  [['STOPSIGNAL foo'], 'invalid signal: foo'],
  [['HEALTHCHECK NONE x'], 'HEALTHCHECK NONE takes no arguments'],
  [['HEALTHCHECK --interval=1ns CMD x'], 'Interval "interval" cannot be less than 1ms'],
  [['HEALTHCHECK --retries=-1 CMD x'], '--retries cannot be negative (-1)'],
  [['HEALTHCHECK --bogus=1 CMD x'], 'unknown flag: bogus'],
  [['HEALTHCHECK --interval=foo CMD x'], 'time: invalid duration "foo"'],
  [['HEALTHCHECK FOO x'], 'Unknown type "FOO" in HEALTHCHECK (try CMD)'],
  [['HEALTHCHECK CMD'], 'Missing command after HEALTHCHECK CMD'],
  [['HEALTHCHECK'], 'HEALTHCHECK requires at least one argument'],
  [['ONBUILD FROM x'], "FROM isn't allowed as an ONBUILD trigger"],
  [['ONBUILD ONBUILD x'], "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed"],
  [['ONBUILD'], 'ONBUILD requires at least one argument'],
  [['RUN x'], 'RUN is not a valid change command'],
  [['FROM x'], 'FROM is not a valid change command'],
  [['SHELL ["a"]'], 'SHELL is not a valid change command'],
  [['MAINTAINER me'], 'MAINTAINER is not a valid change command'],
  [['FOO bar'], 'FOO is not a valid change command'],
  [['# comment'], 'file with no instructions'],
];

test('changes mean what they mean to Docker', () => {
  for (const [changes, expected] of ACCEPTED) {
    const present = Object.entries(applyChanges({}, changes)).filter(([, value]) => value !== null);
    assert.deepEqual(Object.fromEntries(present), expected, changes.join(' / '));
  }
});

test('changes that Docker refuses are refused in its words', () => {
  for (const [changes, message] of REFUSED) {
    assert.throws(() => applyChanges({}, changes), { kind: 'invalid', message }, changes.join(' / '));
  }
});

test('an entry point drops the command that came before the changes, not one among them', () => {
  const base = { Cmd: ['old'], Env: ['A=1'], WorkingDir: '/srv' };
  assert.deepEqual(applyChanges(base, ['ENTRYPOINT ["e"]']), { ...base, Entrypoint: ['e'], Cmd: null });
  assert.deepEqual(applyChanges(base, ['CMD ["c"]', 'ENTRYPOINT ["e"]']).Cmd, ['c']);
  assert.deepEqual(applyChanges(base, ['ENV B=$A', 'WORKDIR sub']), {
    ...base,
    Env: ['A=1', 'B=1'],
    WorkingDir: '/srv/sub',
  });
  assert.equal(applyChanges(base, []), base);
});

test('default values and alternatives in words', () => {
  const env = (change: string): unknown => applyChanges({ Env: ['A=1', 'E='] }, [change]).Env?.at(-1);
  assert.equal(env('ENV X=${A:-b}${N:-b}${E:-b}${E-b}'), 'X=1bb');
  assert.equal(env('ENV X=${A:+b}${N:+b}.$'), 'X=b.$');
  assert.equal(env('ENV X="a \\"q\\" \\$A"'), 'X=a "q" $A');
  assert.throws(() => env('ENV X="open'), { kind: 'invalid' });
  assert.throws(() => env('ENV X=${A'), { kind: 'invalid' });
});
