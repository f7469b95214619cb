import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_TAG, expandTag } from './tag.ts';
import { testSubject } from './testing/test-subject.ts';

const ID = testSubject.containerId;
const expand = (template?: string, fallback = DEFAULT_TAG): string => expandTag(template, testSubject, fallback);

// Each expected text is dockerd 28.5's for a container with these values.
const EXPANDED: readonly (readonly [template: string, tag: string])[] = [
  ['{{.ID}}|{{.Name}}|{{.DaemonName}}|{{.Command}}|{{.Hostname}}', `${ID.slice(0, 12)}|web|docker|/bin/echo a b c|vm`],
  ['{{.FullID}}|{{.ImageID}}|{{.ImageFullID}}|{{.ImageName}}', `${ID}|sha256:d4e52|${testSubject.imageId}|busybox`],
  ['{{.ContainerID}}|{{.ContainerName}}|{{.ContainerEntrypoint}}', `${ID}|/web|/bin/echo`],
  ['{{.ContainerArgs}}|{{.ContainerImageName}}|{{.ContainerEnv}}', '[a b c]|busybox|[X=Y]'],
  ['{{.ContainerCreated}}|{{.ContainerLabels}}', '2026-12-01 01:13:29.392362103 +0000 UTC|map[a:1 b:2]'],
  ['{{.ExtraAttributes nil}}', 'map[a:1]'],
  ['{{upper .Name}}-{{truncate .ID 4}}-{{pad .Name 1 2}}-{{title "ab cd"}}', `WEB-${ID.slice(0, 4)}- web  -Ab Cd`],
  ['{{join .ContainerArgs ","}}-{{len .ContainerArgs}}-{{index .ContainerLabels "a"}}', 'a,b c-2-1'],
  ['{{.ContainerLabels.a}}-{{.ContainerLabels.zz}}-{{printf "%q" .Name}}', '1-<no value>-"web"'],
  ['{{println}}a', '\na'],
  ['  ', '  '],
  ['fix', 'fix'],
];

for (const [template, tag] of EXPANDED) test(`expands ${template}`, () => assert.equal(expand(template), tag));

test('a tag that is missing or empty is that of the driver', () => {
  assert.equal(expand(undefined), ID.slice(0, 12));
  assert.equal(expand('', '{{.DaemonName}}/{{.ID}}'), `docker/${ID.slice(0, 12)}`);
});

test('the whole value prints its fields, and no methods', () => {
  assert.match(expand('{{json .}}'), /^\{"Config":\{\},"ContainerID":".*"DaemonName":"docker"\}$/);
  assert.match(expand('{{.}}'), /^\{map\[\] 1{64} \/web .* docker\}$/);
});

test('a wrong template is refused in dockerd’s words', () => {
  const refuses = (template: string, message: string): void =>
    assert.throws(() => expand(template), { kind: 'invalid', message });
  refuses('{{.X}}', `template: log-tag:1:2: executing "log-tag" at <.X>: can't evaluate field X in type *logger.Info`);
  refuses('{{', 'template: log-tag:1: unclosed action');
  refuses('{{foo .ID}}', 'template: log-tag:1: function "foo" not defined');
  refuses(
    '{{.ID "x"}}',
    'template: log-tag:1:2: executing "log-tag" at <.ID>: wrong number of args for ID: want 0 got 1',
  );
  refuses(
    '{{.ContainerArgs.x}}',
    `template: log-tag:1:16: executing "log-tag" at <.ContainerArgs.x>: can't evaluate field x in type []string`,
  );
  refuses('{{constructor}}', 'template: log-tag:1: function "constructor" not defined');
});

test('a tag that would keep the engine busy, or fill its memory, is refused', () => {
  const doubled = '{{$x := "aaaaaaaa"}}{{range 100}}{{$x = print $x $x}}{{end}}{{$x}}';
  const tags = ['{{range 1000000000}}{{end}}', '{{range 9000}}aaaaaaaaaaaaaaaa{{end}}', doubled];
  for (const tag of [...tags, '{{pad .Name 1000000000 0}}', '{{printf "%900000d" 1}}'])
    assert.throws(
      () => expand(tag),
      { kind: 'invalid', message: /takes too many steps$|makes a text that is too long$|more than 64000000 letters$/ },
      tag,
    );
  assert.equal(expand('{{printf "%1000000000d" 1}}'), '%!(NOVERB)%!(EXTRA int=1)');
  assert.equal(expand('{{printf "%*d" 2000000 7}}'), '%!(BADWIDTH)7');
  assert.throws(
    () => expand(`{{printf "${'%9999999d'.repeat(20)}" ${'1 '.repeat(20)}}}`),
    /has more than 64000000 letters/,
  );
});
