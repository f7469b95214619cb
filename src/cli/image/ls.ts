import { listImages } from '../../client/index.ts';
import { between, type Command } from '../command.ts';
import { parseFilters } from '../filters.ts';
import { flag } from '../flags/flag.ts';
import { printList } from '../format/table.ts';
import { imageList, imageRows } from './list-format.ts';
import { printTree } from './tree.ts';

export const ls: Command = {
  usage: '[OPTIONS] [REPOSITORY[:TAG]]',
  args: between(0, 1),
  examples: ['images', 'images --filter dangling=true -q', "images --format 'table {{.Repository}}\\t{{.Size}}'"],
  flags: [
    flag('-a, --all', 'bool', 'Show all images (intermediate images are hidden by default)'),
    flag('--digests', 'bool', 'Show digests'),
    flag('-f, --filter', 'filter', 'Filter output by conditions (dangling=, label=, before=, since=, reference=, ...)'),
    flag('--format', 'string', "Format output: 'table', 'table TEMPLATE', 'json' or a Go template"),
    flag('--no-trunc', 'bool', "Don't truncate output"),
    flag('-q, --quiet', 'bool', 'Only display IDs'),
    flag('--tree', 'bool', 'List the platforms of each image as a tree'),
  ],
  async run(cli, [reference], flags) {
    const filters = [...flags.list('filter'), ...(reference === undefined ? [] : [`reference=${reference}`])];
    const tree = flags.bool('tree');
    const images = await listImages(cli.client, {
      all: flags.bool('all'),
      manifests: tree,
      filters: parseFilters(filters),
    });
    if (tree) return printTree(cli, images, flags);
    const format = flags.string('format') || (flags.bool('quiet') ? '' : (cli.config.imagesFormat ?? ''));
    const digests = flags.bool('digests');
    const rows = imageRows(images, digests || /\.Digest\b/.test(format), digests);
    printList(cli.out, imageList({ truncate: !flags.bool('no-trunc'), digests }), rows, {
      format,
      quiet: flags.bool('quiet'),
    });
    return 0;
  },
};
