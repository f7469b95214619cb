/** A container whose output goes to a receiver. */
export interface LogCase {
  readonly name: string;
  readonly receiver: 'fluentd' | 'gelf-udp' | 'gelf-tcp' | 'splunk';
  /** Log options but for the address of the receiver. */
  readonly options: Readonly<Record<string, string>>;
}

export interface OutputLine {
  readonly stream: 'stdout' | 'stderr';
  readonly text: Buffer;
}

const out = (text: string | readonly number[]): OutputLine => ({ stream: 'stdout', text: Buffer.from(text as string) });

/** What each container prints. */
export const OUTPUT: readonly OutputLine[] = [
  out('out'),
  { stream: 'stderr', text: Buffer.from('err') },
  out([0xff, 0xfe, 0x20, 0x78]),
  out(''),
  out('  '),
  out('{"a": 1.0,  "b":"<&>"}'),
  out('[1]'),
  out('5'),
  out('{"half":'),
  out('a"b\\c\ttab'),
  out('\u0001\u001b[0m é\u2028 < > &'),
  out('x'.repeat(40_000)),
  out('last'),
];

export const LABELS = { a: '1', _b: '2', 'com.example/c.d': '<é>', tag: 'label' } as const;
export const ENV = ['X=Y', 'EMPTY='] as const;

/** The script of a container: the streams have time to arrive in their order. */
export const SCRIPT = OUTPUT.map(({ stream, text }) => {
  if (text.length > 1000) return `head -c ${text.length} /dev/zero | tr '\\0' x; echo`;
  const octal = [...text].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');
  return stream === 'stderr' ? `sleep 0.2; printf '${octal}\\n' >&2; sleep 0.2` : `printf '${octal}\\n'`;
}).join('\n');

const SELECTION = { labels: 'a,_b,com.example/c.d', 'env-regex': '^(X|EMPTY)$' } as const;

export const CASES: readonly LogCase[] = [
  { name: 'fluentd', receiver: 'fluentd', options: {} },
  {
    name: 'fluentd with a tag and attributes',
    receiver: 'fluentd',
    options: { ...SELECTION, tag: 'docker.{{.Name}}' },
  },
  { name: 'fluentd with nanoseconds', receiver: 'fluentd', options: { 'fluentd-sub-second-precision': 'true' } },
  { name: 'fluentd with receipts', receiver: 'fluentd', options: { 'fluentd-request-ack': 'true' } },
  { name: 'gelf by UDP', receiver: 'gelf-udp', options: {} },
  {
    name: 'gelf by UDP without compression, with attributes',
    receiver: 'gelf-udp',
    options: { ...SELECTION, 'gelf-compression-type': 'none' },
  },
  {
    name: 'gelf by UDP with zlib',
    receiver: 'gelf-udp',
    options: { 'gelf-compression-type': 'zlib', 'gelf-compression-level': '9', labels: 'tag' },
  },
  { name: 'gelf by TCP', receiver: 'gelf-tcp', options: { tag: '{{.ImageName}}/{{.Name}}' } },
  { name: 'splunk', receiver: 'splunk', options: { 'splunk-verify-connection': 'true' } },
  {
    name: 'splunk with all it can tell',
    receiver: 'splunk',
    options: {
      ...SELECTION,
      'splunk-verify-connection': 'false',
      'splunk-source': 'so',
      'splunk-sourcetype': 'st',
      'splunk-index': 'ix',
      'splunk-index-acknowledgment': 'true',
    },
  },
  {
    name: 'splunk as JSON, compressed, without a tag',
    receiver: 'splunk',
    options: { 'splunk-verify-connection': 'false', 'splunk-format': 'json', 'splunk-gzip': 'true', tag: '' },
  },
  {
    name: 'splunk as raw text',
    receiver: 'splunk',
    options: { 'splunk-verify-connection': 'false', 'splunk-format': 'raw', labels: 'a' },
  },
];
