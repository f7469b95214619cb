import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fields, GoTime, goMap, NIL_MAP, NIL_SLICE, Template } from './index.ts';

const DATA = {
  Name: 'web',
  Count: 3,
  Size: 1.5,
  Big: 1795226473310175393n,
  On: true,
  Off: false,
  Empty: '',
  Nil: null,
  List: ['a', 'b', 'c'],
  None: NIL_SLICE,
  NoMap: NIL_MAP,
  Labels: goMap({ z: '1', a: '2' }),
  Ports: goMap({ '81/tcp': ['x'] }, NIL_SLICE),
  At: new GoTime('2026-11-21T05:55:18.739Z'),
  State: { Status: 'running', Pid: 42 },
  Nested: [
    { Ip: '10.0.0.1', Port: 80 },
    { Ip: '10.0.0.2', Port: 81 },
  ],
};

const render = (source: string, data: unknown = DATA): string => new Template(source).execute(data);

// Each expected text is the output of Go's text/template (docker inspect --format, go run).
const RENDERED: readonly (readonly [source: string, text: string])[] = [
  ['plain', 'plain'],
  ['{{.Name}}', 'web'],
  ['{{ .Name }}-{{.Count}}', 'web-3'],
  ['{{.State.Status}} {{.State.Pid}}', 'running 42'],
  ['{{.Big}}', '1795226473310175393'],
  ['{{.Size}} {{.On}}', '1.5 true'],
  ['{{.List}} {{.Labels}} {{.State}}', '[a b c] map[a:2 z:1] {running 42}'],
  ['{{.None}} {{.NoMap}} {{.Nil}}', '[] map[] <nil>'],
  ['{{.At}} {{json .At}}', '2026-11-21 05:55:18.739 +0000 UTC "2026-11-21T05:55:18.739Z"'],
  ['{{printf "%s|%v" .At .At}}', '2026-11-21 05:55:18.739 +0000 UTC|2026-11-21 05:55:18.739 +0000 UTC'],
  ['{{.Nested}}', '[{10.0.0.1 80} {10.0.0.2 81}]'],
  ['{{"quoted\\t\\"x\\" \\u00e9"}} {{`raw\\n`}}', 'quoted\t"x" é raw\\n'],
  ["{{'a'}} {{0x1F}} {{1e3}} {{-2}} {{1_000}}", '97 31 1000 -2 1000'],
  ['{{if .On}}yes{{else}}no{{end}}', 'yes'],
  ['{{if .Off}}yes{{else if .Empty}}mid{{else}}no{{end}}', 'no'],
  ['{{if .List}}some{{end}}{{if .None}}none{{end}}{{if .NoMap}}map{{end}}', 'some'],
  ['{{with .State}}{{.Status}} of {{$.Name}}{{end}}', 'running of web'],
  ['{{with .Empty}}x{{else with .Name}}[{{.}}]{{end}}', '[web]'],
  ['{{range .List}}<{{.}}>{{end}}', '<a><b><c>'],
  ['{{range $i, $e := .List}}{{if $i}}, {{end}}{{$i}}={{$e}}{{end}}', '0=a, 1=b, 2=c'],
  ['{{range $k, $v := .Labels}}{{$k}}:{{$v}} {{end}}', 'a:2 z:1 '],
  ['{{range .None}}x{{else}}empty{{end}}', 'empty'],
  ['{{range .List}}{{if eq . "b"}}{{continue}}{{end}}{{.}}{{end}}', 'ac'],
  ['{{range .List}}{{if eq . "b"}}{{break}}{{end}}{{.}}{{end}}', 'a'],
  ['{{range 3}}{{.}}{{end}}', '012'],
  ['{{range .Nested}}{{.Ip}}:{{.Port}} {{end}}', '10.0.0.1:80 10.0.0.2:81 '],
  ['{{$x := 1}}{{range .List}}{{$x = len $.List}}{{end}}{{$x}}', '3'],
  ['{{$x := 1}}{{if true}}{{$x := 2}}{{$x}}{{end}}{{$x}}', '21'],
  ['a {{- "b" -}} c', 'abc'],
  ['a {{- /* note */ -}} c', 'ac'],
  ['{{/* note */}}x', 'x'],
  ['{{- 3}} {{3 -}} y', '3 3y'],
  ['{{.Name | printf "%s-%d" | upper}}', 'WEB-%!D(MISSING)'],
  ['{{printf "%05d|%-5s|%5s|%q|%x|%t|%v" 42 "ab" "cd" "e" 255 true .List}}', '00042|ab   |   cd|"e"|ff|true|[a b c]'],
  ['{{printf "%.2f %6.1f %e %g" 3.14159 2.5 1500.5 0.00001}}', '3.14    2.5 1.500500e+03 1e-05'],
  ['{{printf "%d" "x"}} {{printf "%s" 5}} {{printf "a" 1}}', '%!d(string=x) %!s(int=5) a%!(EXTRA int=1)'],
  ['{{printf "%T %T %T" "a" 1 .List}}', 'string int []string'],
  ['{{printf "%+d %#x %c %U %o %b %%" 5 255 65 955 8 5}}', '+5 0xff A U+03BB 10 101 %'],
  ['{{printf "%*d|%-*d|" 5 42 4 7}}', '   42|7   |'],
  ['{{printf "%+v" .State}}', '{Status:running Pid:42}'],
  ['{{print 1 2 "x" 3}} {{println "a" 1}}', '1 2x3 a 1\n'],
  ['{{len .Name}} {{len .List}} {{len .Labels}} {{len "é"}}', '3 3 2 2'],
  [
    '{{index .List 1}} {{index .Labels "z"}} {{index .Nested 1 | printf "%v"}} {{(index .Nested 0).Ip}}',
    'b 1 {10.0.0.2 81} 10.0.0.1',
  ],
  ['<{{index .Labels "nope"}}> {{.Labels.nope}} {{.Labels.nope.deeper}}', '<> <no value> <no value>'],
  ['{{index .Ports "80/tcp"}} {{index .Ports "81/tcp"}}', '[] [x]'],
  ['{{slice .Name 1}} {{slice .Name 0 2}} {{slice .List 1 3}}', 'eb we [b c]'],
  [
    '{{eq .Count 3}} {{eq .Name "x" "web"}} {{ne 1 2}} {{lt 1 2}} {{le 2 2}} {{gt "b" "a"}} {{ge 1 2}}',
    'true true true true true true false',
  ],
  ['{{and .On .Name}} {{and .Off (index .List 99)}} {{or .Empty .Name}} {{not .On}}', 'web false web false'],
  [
    '{{json .State}} {{json .Labels}} {{json .None}} {{json "<a&b>"}}',
    '{"Status":"running","Pid":42} {"a":"2","z":"1"} null "\\u003ca\\u0026b\\u003e"',
  ],
  [
    '{{join .List "/"}} {{split "a,b" ","}} {{title "hello world"}} {{lower "AB"}} {{upper "ab"}}',
    'a/b/c [a b] Hello World ab AB',
  ],
  ['[{{pad "x" 2 1}}] [{{truncate "abcdef" 3}}] [{{pad "" 2 2}}]', '[  x ] [abc] []'],
  ['{{html "<a>"}} {{urlquery "a b&c"}} {{js "it\'s"}}', "&lt;a&gt; a+b%26c it\\'s"],
  ['{{(.State).Pid}} {{$.State.Status}} {{$s := .State}}{{$s.Pid}}', '42 running 42'],
];

for (const [source, text] of RENDERED) {
  test(`renders ${source}`, () => assert.equal(render(source), text));
}

const SYNTAX: readonly (readonly [source: string, message: string])[] = [
  ['{{.Name', 'template: :1: unclosed action'],
  ['a\nb {{', 'template: :2: unclosed action'],
  ['{{foo .Name}}', 'template: :1: function "foo" not defined'],
  ['{{if .On}}x', 'template: :1: unexpected EOF'],
  ['{{end}}', 'template: :1: unexpected {{end}}'],
  ['{{else}}', 'template: :1: unexpected {{else}}'],
  ['{{$x}}', 'template: :1: undefined variable "$x"'],
  ['{{(.Name}}', 'template: :1: unclosed left paren'],
  ['{{.Name)}}', 'template: :1: unexpected right paren'],
  ['{{"abc}}', 'template: :1: unterminated quoted string'],
  ['{{}}', 'template: :1: missing value for command'],
  ['{{if}}x{{end}}', 'template: :1: missing value for if'],
  ['{{.Name | 3}}', 'template: :1: non executable command in pipeline stage 2'],
  ['{{break}}', 'template: :1: {{break}} outside {{range}}'],
  ['{{3x}}', 'template: :1: bad number syntax: "3x"'],
  ['{{/* a }}', 'template: :1: unclosed comment'],
];

for (const [source, message] of SYNTAX) {
  test(`refuses ${JSON.stringify(source)}`, () => assert.throws(() => new Template(source), { message }));
}

const FAILURES: readonly (readonly [source: string, message: string])[] = [
  ['{{.Foo}}', 'template: :1:2: executing "" at <.Foo>: map has no entry for key "Foo"'],
  ['{{.State.Foo}}', 'template: :1:8: executing "" at <.State.Foo>: map has no entry for key "Foo"'],
  ['\n  {{.Foo}}', 'template: :2:4: executing "" at <.Foo>: map has no entry for key "Foo"'],
  ['{{.Name.Foo}}', `template: :1:7: executing "" at <.Name.Foo>: can't evaluate field Foo in type string`],
  ['{{.Nil.Foo}}', 'template: :1:6: executing "" at <.Nil.Foo>: nil pointer evaluating interface {}.Foo'],
  ['{{index .List 9}}', 'template: :1:2: executing "" at <index .List 9>: error calling index: index out of range: 9'],
  ['{{index .Nil 0}}', 'template: :1:2: executing "" at <index .Nil 0>: error calling index: index of untyped nil'],
  ['{{len 3}}', 'template: :1:2: executing "" at <len 3>: error calling len: len of type int'],
  ['{{eq 1 "a"}}', 'template: :1:2: executing "" at <eq 1 "a">: error calling eq: incompatible types for comparison'],
  ['{{json}}', 'template: :1:2: executing "" at <json>: wrong number of args for json: want 1 got 0'],
  ['{{range .Name}}{{end}}', `template: :1:8: executing "" at <.Name>: range can't iterate over web`],
  ['{{.Name "x"}}', 'template: :1:2: executing "" at <.Name>: Name has arguments but cannot be invoked as function'],
  [
    '{{index .Labels "aaaaaaaaaaaaaaaaaaaa" 1}}',
    'template: :1:2: executing "" at <index .Labels "aaaaa...>: error calling index: index out of range: 1',
  ],
];

for (const [source, message] of FAILURES) {
  test(`fails on ${JSON.stringify(source)}`, () => assert.throws(() => render(source), { message }));
}

test('an item of a list names its type when a field is unknown', () => {
  assert.throws(() => render('{{.Foo}}', new Fields('*formatter.ContainerContext', { ID: '1' })), {
    message: `template: :1:2: executing "" at <.Foo>: can't evaluate field Foo in type *formatter.ContainerContext`,
  });
});

test('methods take their arguments, piped ones too', () => {
  const item = new Fields('x', { Label: (name: string) => `<${name}>` });
  assert.equal(render('{{.Label "a"}} {{"b" | .Label}}', item), '<a> <b>');
  assert.throws(() => render('{{.Label}}', item), /wrong number of args for Label: want 1 got 0/);
});

test('an item of a list as JSON has its fields sorted and no methods', () => {
  assert.equal(render('{{json .}}', new Fields('x', { B: 1, A: 'x', Label: () => '' })), '{"A":"x","B":1}');
});

test('a header shows titles whatever functions are around them, and no value for unknown ones', () => {
  const template = new Template('{{upper .ID}}\t{{truncate .Names 3}}\t{{.Foo}}');
  assert.equal(template.header({ ID: 'Container id', Names: 'NAMES' }), 'Container id\tNAMES\t<no value>');
});

test("the column of one label is titled by the last part of the label's name", () => {
  assert.equal(new Template('{{.Label "com.example.git-commit_id"}}').header({ Label: 'LABEL' }), 'git commit id');
});

test('a struct whose JSON differs from its fields prints that JSON', () => {
  const event = new Fields('x', { Time: 1 }, { time: 1 });
  assert.equal(render('{{json .}} {{.Time}}', event), '{"time":1} 1');
});

test('properties of Object are not fields', () => {
  assert.throws(() => render('{{.constructor}}'), /map has no entry for key "constructor"/);
  assert.throws(() => render('{{.toString}}', new Fields('x', {})), /can't evaluate field toString/);
});
