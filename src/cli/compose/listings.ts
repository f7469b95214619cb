/** Lists about what runs: images, volumes, top. */

import { humanSize } from '../../base/sizes.ts';
import { ZERO_TIME } from '../../base/time.ts';
import { containerProcesses, inspectImageText, listVolumes, type VolumeSummary } from '../../client/index.ts';
import { forAll, LABEL, volumeName } from '../../compose/index.ts';
import { atLeast } from '../command.ts';
import { CliError } from '../errors.ts';
import { flag } from '../flags/flag.ts';
import { parseFamiliar } from '../format/reference.ts';
import { type ListFormat, printList } from '../format/table.ts';
import { alignColumns } from '../format/tabwriter.ts';
import { truncateId } from '../format/text.ts';
import { humanDuration } from '../format/units.ts';
import type { ComposeCommand } from './compose-command.ts';
import { checkServices, containersOf, projectOrName } from './select-project.ts';

interface ImageFacts {
  readonly Id: string;
  readonly Size: number;
  readonly Os?: string;
  readonly Architecture?: string;
  readonly Variant?: string;
  readonly RepoTags?: readonly string[] | null;
  readonly Metadata?: { readonly LastTagTime?: string };
  readonly Created?: string;
}

export const images: ComposeCommand = {
  usage: '[OPTIONS] [SERVICE...]',
  args: atLeast(0),
  flags: [
    flag('--format', 'string', 'Set the format of the output ("table", "json")', { default: 'table' }),
    flag('-q, --quiet', 'bool', 'Only show IDs'),
  ],
  examples: ['compose images', 'compose images -q web'],
  async run(call, names, flags) {
    const { cli } = call.world;
    const format = flags.string('format');
    if (format !== 'table' && format !== 'json')
      throw new CliError(1, `format value "${format}" could not be parsed: parsing failed`);
    const containers = await containersOf(call, await projectOrName(call), names);
    const facts = new Map<string, ImageFacts>();
    await forAll(new Set(containers.map(({ labels, image }) => labels[LABEL.image] ?? image)), async (id) => {
      facts.set(id, JSON.parse(await inspectImageText(cli.client, id)) as ImageFacts);
    });
    if (flags.bool('quiet')) {
      for (const { Id } of facts.values()) cli.out.line(Id.replace('sha256:', ''));
      return 0;
    }
    const rows = containers.map(({ name, image, labels }) =>
      rowOf(name, image, facts.get(labels[LABEL.image] ?? image)),
    );
    if (format === 'json') cli.out.line(JSON.stringify(rows.map(({ created: _, ...row }) => row)));
    else {
      const lines = rows.map((row) =>
        [
          row.ContainerName,
          row.Repository,
          row.Tag,
          row.Platform,
          truncateId(row.ID),
          humanSize(row.Size, 3),
          row.created,
        ].join('\t'),
      );
      const head = 'CONTAINER\tREPOSITORY\tTAG\tPLATFORM\tIMAGE ID\tSIZE\tCREATED';
      cli.out.write(alignColumns([head, ...lines].map((line) => `${line}\n`).join(''), 20, 3));
    }
    return 0;
  },
};

export function rowOf(container: string, image: string, facts: ImageFacts | undefined) {
  const { name = '<none>', tag = image.includes('@') || image.startsWith('sha256:') ? '<none>' : 'latest' } =
    parseFamiliar(image) ?? {};
  const { Os = '', Architecture = '', Variant = '', Created = '' } = facts ?? {};
  const tagged = facts?.Metadata?.LastTagTime ?? ZERO_TIME;
  // An engine without it says the year 1: docker compose makes 292 years of it.
  const seconds = Date.parse(tagged === ZERO_TIME ? Created : tagged) / 1000;
  return {
    ID: facts?.Id ?? '',
    ContainerName: container,
    Repository: name,
    Tag: tag,
    Platform: [Os, Architecture, Variant].filter((part) => part !== '').join('/'),
    Size: facts?.Size ?? 0,
    LastTagTime: facts?.Metadata?.LastTagTime ?? Created,
    created: Number.isNaN(seconds) ? 'N/A' : `${humanDuration(Date.now() / 1000 - seconds)} ago`,
  };
}

export const volumes: ComposeCommand = {
  usage: '[OPTIONS] [SERVICE...]',
  args: atLeast(0),
  flags: [
    flag('--format', 'string', "Format output: 'table', 'table TEMPLATE', 'json' or a Go template", {
      default: 'table',
    }),
    flag('-q, --quiet', 'bool', 'Only show names'),
  ],
  examples: ['compose volumes', 'compose volumes -q db'],
  async run(call, names, flags) {
    const project = await projectOrName(call);
    checkServices(project, names);
    const all = await listVolumes(call.world.cli.client, { label: [`${LABEL.project}=${project.name}`] });
    const used = new Set(
      names.flatMap((name) =>
        (project.services.get(name)?.volumes ?? []).flatMap(({ type, source = '' }) =>
          type === 'volume' && source !== '' ? [volumeName(project, source)] : [],
        ),
      ),
    );
    const shown = all
      .filter(({ Name }) => names.length === 0 || used.has(Name))
      .sort((a, b) => (a.Name < b.Name ? -1 : 1));
    printList(call.world.cli.out, volumeList, shown, { format: flags.string('format'), quiet: flags.bool('quiet') });
    return 0;
  },
};

const volumeList: ListFormat<VolumeSummary> = {
  typeName: '*formatter.VolumeContext',
  table: '{{.Driver}}\t{{.Name}}',
  titles: { Driver: 'DRIVER', Name: 'VOLUME NAME', Scope: 'SCOPE', Mountpoint: 'MOUNTPOINT' },
  quiet: ({ Name }) => Name,
  fields: ({ Name, Driver, Scope, Mountpoint }) => ({ Driver, Mountpoint, Name, Scope }),
};

export const top: ComposeCommand = {
  usage: '[SERVICES...]',
  args: atLeast(0),
  flags: [],
  examples: ['compose top', 'compose top web'],
  async run(call, names) {
    const { cli } = call.world;
    const running = (await containersOf(call, await projectOrName(call), names)).filter(
      ({ state }) => state === 'running',
    );
    const found = await Promise.all(
      running.map(async ({ id, service, number }) => ({
        service,
        number,
        table: await containerProcesses(cli.client, id, ''),
      })),
    );
    const titles = found[0]?.table.Titles ?? [];
    const rows = found.flatMap(({ service, number, table }) =>
      (table.Processes ?? []).map((process) => [service, String(number), ...process]),
    );
    const lines = [['SERVICE', '#', ...titles], ...rows].map((row) => `${row.join('\t')}\n`);
    if (rows.length > 0) cli.out.write(alignColumns(lines.join(''), 4, 2));
    return 0;
  },
};
