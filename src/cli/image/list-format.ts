import { humanSize } from '../../base/sizes.ts';
import type { ImageSummary } from '../../client/index.ts';
import { parseFamiliar } from '../format/reference.ts';
import type { ListFormat } from '../format/table.ts';
import { goTime, truncateId } from '../format/text.ts';
import { humanDuration } from '../format/units.ts';

/** A line of the list: one name of one image. */
export interface ImageRow {
  readonly image: ImageSummary;
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
}

const NONE = '<none>';

/** Makes one row per name, and with digests one per digest. An image without names has one row. */
export function imageRows(images: readonly ImageSummary[], needDigest: boolean, digestRows: boolean): ImageRow[] {
  return images.flatMap((image) => {
    const tags = grouped(image.RepoTags, ({ tag }) => tag);
    const digests = grouped(image.RepoDigests, ({ digest }) => digest);
    if (tags.size === 0 && digests.size === 0) return [{ image, repository: NONE, tag: NONE, digest: NONE }];
    const rows: ImageRow[] = [];
    for (const [repository, names] of tags) {
      const known = needDigest ? (digests.get(repository) ?? []) : [];
      digests.delete(repository);
      for (const tag of names)
        for (const digest of known.length === 0 ? [NONE] : known) rows.push({ image, repository, tag, digest });
    }
    for (const [repository, known] of digests) {
      for (const digest of digestRows ? known : ['']) rows.push({ image, repository, tag: NONE, digest });
    }
    return rows;
  });
}

function grouped(
  references: readonly string[] | null,
  pick: (parsed: { tag: string | undefined; digest: string | undefined }) => string | undefined,
): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const reference of references ?? []) {
    const parsed = parseFamiliar(reference);
    const value = parsed === undefined ? undefined : pick(parsed);
    if (parsed === undefined || value === undefined) continue;
    const group = groups.get(parsed.name);
    if (group === undefined) groups.set(parsed.name, [value]);
    else group.push(value);
  }
  return groups;
}

const CREATED = '{{if .CreatedSince}}{{.CreatedSince}}{{else}}N/A{{end}}';

const TITLES = {
  ID: 'IMAGE ID',
  Repository: 'REPOSITORY',
  Tag: 'TAG',
  Digest: 'DIGEST',
  CreatedSince: 'CREATED',
  CreatedAt: 'CREATED AT',
  Size: 'SIZE',
  Containers: 'CONTAINERS',
  VirtualSize: 'SIZE',
  SharedSize: 'SHARED SIZE',
  UniqueSize: 'UNIQUE SIZE',
};

export function imageList({ truncate, digests }: { truncate: boolean; digests: boolean }): ListFormat<ImageRow> {
  const id = ({ image }: ImageRow): string => (truncate ? truncateId(image.Id) : image.Id);
  return {
    typeName: '*formatter.imageContext',
    table: `{{.Repository}}\t{{.Tag}}\t${digests ? '{{.Digest}}\t' : ''}{{.ID}}\t${CREATED}\t{{.Size}}`,
    titles: TITLES,
    quiet: id,
    raw: [
      `repository: {{.Repository}}\n{{if .Tag}}tag: {{.Tag}}{{end}}\n${digests ? '{{if .Digest}}digest: {{.Digest}}{{end}}\n' : ''}image_id: {{.ID}}\ncreated_at: {{.CreatedAt}}\nvirtual_size: {{.Size}}\n`,
      'image_id: {{.ID}}',
    ],
    fields: (row) => fieldsOf(row, id(row)),
  };
}

function fieldsOf({ image, ...row }: ImageRow, id: string): ReturnType<ListFormat<ImageRow>['fields']> {
  const optional = (value: number, text: () => string): string => (value === -1 ? 'N/A' : text());
  return {
    get Containers() {
      return optional(image.Containers, () => String(image.Containers));
    },
    get CreatedAt() {
      return goTime(image.Created * 1000);
    },
    get CreatedSince() {
      return image.Created <= 0 ? '' : `${humanDuration(Date.now() / 1000 - image.Created)} ago`;
    },
    Digest: row.digest,
    ID: id,
    Repository: row.repository,
    get SharedSize() {
      return optional(image.SharedSize, () => humanSize(image.SharedSize, 3));
    },
    Size: humanSize(image.Size, 3),
    Tag: row.tag,
    get UniqueSize() {
      return optional(image.SharedSize, () => humanSize(image.Size - image.SharedSize, 3));
    },
    get VirtualSize() {
      return humanSize(image.Size);
    },
  };
}
