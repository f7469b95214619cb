import { humanSize } from '../../base/sizes.ts';
import { Fields } from '../../base/template/index.ts';
import { quote } from '../../base/template/printf.ts';
import type { ContainerSummary } from '../../client/index.ts';
import { formatPlatform, type Platform } from '../../spec/index.ts';
import { parseFamiliar } from '../format/reference.ts';
import type { ListFormat } from '../format/table.ts';
import { ellipsis, goTime, labelList, truncateId } from '../format/text.ts';
import { humanDuration } from '../format/units.ts';
import { displayPorts } from './display-ports.ts';

const TABLE = '{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}';

const RAW = `container_id: {{.ID}}
image: {{.Image}}
command: {{.Command}}
created_at: {{.CreatedAt}}
state: {{- pad .State 1 0}}
status: {{- pad .Status 1 0}}
names: {{.Names}}
labels: {{- pad .Labels 1 0}}
ports: {{- pad .Ports 1 0}}
`;

const TITLES = {
  ID: 'CONTAINER ID',
  Names: 'NAMES',
  Image: 'IMAGE',
  Command: 'COMMAND',
  CreatedAt: 'CREATED AT',
  RunningFor: 'CREATED',
  Ports: 'PORTS',
  State: 'STATE',
  Status: 'STATUS',
  Size: 'SIZE',
  Labels: 'LABELS',
  Mounts: 'MOUNTS',
  LocalVolumes: 'LOCAL VOLUMES',
  Networks: 'NETWORKS',
  Platform: 'PLATFORM',
  Label: 'LABEL',
};

export function containerList({ truncate, size }: { truncate: boolean; size: boolean }): ListFormat<ContainerSummary> {
  return {
    typeName: '*formatter.ContainerContext',
    table: size ? `${TABLE}\t{{.Size}}` : TABLE,
    titles: TITLES,
    quiet: (item) => containerId(item, truncate),
    raw: [size ? `${RAW}size: {{.Size}}\n` : RAW, 'container_id: {{.ID}}'],
    fields: (item) => fieldsOf(item, truncate),
  };
}

function fieldsOf(item: ContainerSummary, truncate: boolean): ReturnType<ListFormat<ContainerSummary>['fields']> {
  return {
    get Command() {
      return quote(truncate ? ellipsis(item.Command, 20) : item.Command);
    },
    get CreatedAt() {
      return goTime(item.Created * 1000);
    },
    ID: containerId(item, truncate),
    Image: imageName(item, truncate),
    Label: (name: string) => item.Labels?.[name] ?? '',
    get Labels() {
      return labelList(item.Labels);
    },
    get LocalVolumes() {
      return String((item.Mounts ?? []).filter((mount) => mount.Driver === 'local').length);
    },
    get Mounts() {
      const names = (item.Mounts ?? []).map((mount) => mount.Name || mount.Source || '');
      return names.map((name) => (truncate ? ellipsis(name, 15) : name)).join(',');
    },
    Names: names(item, truncate),
    get Networks() {
      return Object.keys(item.NetworkSettings?.Networks ?? {}).join(',');
    },
    get Ports() {
      return displayPorts(item.Ports ?? []);
    },
    get RunningFor() {
      return `${humanDuration(Date.now() / 1000 - item.Created)} ago`;
    },
    get Size() {
      const own = humanSize(item.SizeRw ?? 0, 3);
      return (item.SizeRootFs ?? 0) > 0 ? `${own} (virtual ${humanSize(item.SizeRootFs ?? 0, 3)})` : own;
    },
    Platform: platform(item.ImageManifestDescriptor?.platform),
    State: item.State,
    Status: item.Status,
  };
}

function containerId({ Id: id }: ContainerSummary, truncate: boolean): string {
  return truncate ? truncateId(id) : id;
}

/** Prints as `os/architecture` in templates, and as an object in JSON. */
function platform(of: Platform | undefined): Fields | null {
  if (of === undefined) return null;
  const fields = { Architecture: of.architecture, OS: of.os, Variant: of.variant ?? '' };
  const { architecture, os, ...more } = of;
  return new Fields('*formatter.Platform', fields, { architecture, os, ...more }, formatPlatform(of));
}

function names(item: ContainerSummary, truncate: boolean): string {
  const bare = (item.Names ?? []).map((name) => name.replace(/^\//, ''));
  // Links make names such as `web/db`. Only the long form shows them.
  return (truncate ? bare.filter((name) => !name.includes('/')) : bare).join(',');
}

function imageName(item: ContainerSummary, truncate: boolean): string {
  if (item.Image === '') return '<no image>';
  if (!truncate) return item.Image;
  const short = truncateId(item.ImageID);
  if (short !== '' && short === truncateId(item.Image)) return short;
  const parsed = parseFamiliar(item.Image);
  if (parsed === undefined) return item.Image;
  return parsed.tag === undefined ? parsed.name : `${parsed.name}:${parsed.tag}`;
}
