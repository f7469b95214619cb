import type { Cli } from '../cli.ts';
import { CliError } from '../errors.ts';
import type { Flags } from '../flags/parse.ts';
import { alignColumns } from '../format/tabwriter.ts';
import { truncateId } from '../format/text.ts';
import { humanSize } from '../format/units.ts';
import type { ImageSummary } from './list-format.ts';

/** `images --tree`: images with what they hold for each platform. */
export function printTree(cli: Cli, images: readonly ImageSummary[], flags: Flags): number {
  for (const other of ['quiet', 'no-trunc', 'digests', 'format']) {
    if (flags.changed(other)) throw new CliError(1, `--tree can't be used together with --${other}`);
  }
  const rows = ['IMAGE\tID\tDISK USAGE\tCONTENT SIZE\tUSED'];
  for (const image of images) {
    const names = image.RepoTags ?? [];
    const platforms = (image.Manifests ?? []).filter(({ Kind: kind }) => kind === 'image');
    const content = platforms.reduce((sum, { Size: size }) => sum + size.Content, 0);
    rows.push(
      [
        names.length === 0 ? '<untagged>' : names.join(', '),
        truncateId(image.Id),
        humanSize(image.Size, 3),
        content === 0 ? '-' : humanSize(content, 3),
        image.Containers > 0 ? 'yes' : '',
      ].join('\t'),
    );
    for (const [index, each] of platforms.entries()) {
      const { os = '?', architecture = '?', variant } = each.ImageData?.Platform ?? {};
      const branch = index === platforms.length - 1 ? '└─' : '├─';
      rows.push(
        [
          `${branch} ${[os, architecture, variant].filter(Boolean).join('/')}`,
          truncateId(each.ID),
          humanSize(each.Size.Total, 3),
          humanSize(each.Size.Content, 3),
          '',
        ].join('\t'),
      );
    }
  }
  cli.out.write(alignColumns(rows.map((row) => `${row}\n`).join('')));
  return 0;
}
