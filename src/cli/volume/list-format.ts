import { humanSize } from '../../base/sizes.ts';
import type { VolumeSummary } from '../../client/index.ts';
import type { ListFormat } from '../format/table.ts';
import { labelList } from '../format/text.ts';

export const VOLUMES: ListFormat<VolumeSummary> = {
  typeName: '*formatter.volumeContext',
  table: '{{.Driver}}\t{{.Name}}',
  titles: {
    Name: 'VOLUME NAME',
    Driver: 'DRIVER',
    Scope: 'SCOPE',
    Availability: 'AVAILABILITY',
    Mountpoint: 'MOUNTPOINT',
    Labels: 'LABELS',
    Links: 'LINKS',
    Size: 'SIZE',
    Group: 'GROUP',
    Status: 'STATUS',
  },
  quiet: (volume) => volume.Name,
  raw: ['name: {{.Name}}\ndriver: {{.Driver}}\n', 'name: {{.Name}}'],
  fields: (volume) => ({
    Availability: 'N/A',
    Driver: volume.Driver,
    Group: 'N/A',
    Label: (name: string) => volume.Labels?.[name] ?? '',
    Labels: labelList(volume.Labels),
    Links: volume.UsageData == null ? 'N/A' : String(volume.UsageData.RefCount),
    Mountpoint: volume.Mountpoint,
    Name: volume.Name,
    Scope: volume.Scope,
    Size: volume.UsageData == null ? 'N/A' : humanSize(volume.UsageData.Size),
    Status: 'N/A',
  }),
};
