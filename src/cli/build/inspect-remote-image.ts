import { formatPlatform, parseIndex } from '../../spec/index.ts';
import { type Command, exactly } from '../command.ts';
import { CliError } from '../errors.ts';
import { flag } from '../flags/flag.ts';
import { alignColumns } from '../format/tabwriter.ts';
import { type Name, parseName } from '../manifest/name.ts';
import { type FetchedDocument, openManifestRegistry } from '../manifest/registry.ts';
import { BUILDX_FLAGS } from './builder-flags.ts';

const DEFAULT_FORMAT = '{{.Manifest}}';

export const inspectRemoteImage: Command = {
  usage: '[OPTIONS] NAME',
  args: exactly(1),
  examples: ['buildx imagetools inspect busybox', 'buildx imagetools inspect --raw localhost:5000/app:v2'],
  details: 'Shows the manifest, or the list of manifests, of an image in a registry.',
  flags: [
    ...BUILDX_FLAGS,
    flag('--format', 'string', 'Print with a template: only the default is there yet', { default: DEFAULT_FORMAT }),
    flag('--raw', 'bool', 'Print the document as the registry has it'),
  ],
  async run(cli, [given = ''], flags) {
    if (flags.string('format') !== DEFAULT_FORMAT)
      throw new CliError(1, "--format: Gantry's client does not have this yet");
    const name = parseName(given, 'ERROR: ');
    await using registry = openManifestRegistry(cli, { insecure: false });
    const found = await registry.document(name);
    cli.out.write(flags.bool('raw') ? found.bytes.toString() : shown(name, found));
    return 0;
  },
};

/** As buildx prints it: lines of names and values, aligned within each level. */
function shown(name: Name, { mediaType, digest, bytes }: FetchedDocument): string {
  const head = alignColumns(`Name:\t${name.full}\nMediaType:\t${mediaType}\nDigest:\t${digest}\n`, 0, 1);
  const document: unknown = JSON.parse(bytes.toString());
  if (typeof document !== 'object' || document === null || !('manifests' in document)) return head;
  const { manifests } = parseIndex(document);
  const hasNotes = manifests.some(({ annotations = {} }) => Object.keys(annotations).length > 0);
  const width = (hasNotes ? 'Annotations:' : 'MediaType:').length + 1;
  const line = (title: string, value: string): string => `  ${title.padEnd(width)}${value}\n`;
  const tag = name.tag === undefined ? '' : `:${name.tag}`;
  const entries = manifests.map((entry) => {
    const { platform, annotations = {} } = entry;
    const notes = Object.entries(annotations).toSorted();
    return [
      line('Name:', `${name.domain}/${name.path}${tag}@${entry.digest}`),
      line('MediaType:', entry.mediaType),
      platform === undefined ? '' : line('Platform:', formatPlatform(platform)),
      notes.length === 0 ? '' : '  Annotations:\n',
      alignColumns(notes.map(([key, value]) => `    ${key}:\t${value}\n`).join(''), 0, 1),
    ].join('');
  });
  return `${head}\nManifests:\n${entries.join('\n')}`;
}
