import type { Cli } from '../cli.ts';
import { between, type Command } from '../command.ts';
import { CliError } from '../errors.ts';
import { flag } from '../flags/flag.ts';
import { indentJson } from '../format/indent-json.ts';
import { goEscapes, type ImageManifest, listOf } from './image-manifest.ts';
import { ManifestStore } from './manifest-store.ts';
import { parseName } from './name.ts';
import { openManifestRegistry } from './registry.ts';

export const inspectManifest: Command = {
  usage: '[OPTIONS] [MANIFEST_LIST] MANIFEST',
  args: between(1, 2),
  examples: ['manifest inspect busybox:latest', 'manifest inspect localhost:5000/app:v2 localhost:5000/app:v2-arm64'],
  details: 'Shows the local manifest list if there is one, else the manifest in the registry.',
  flags: [
    flag('--insecure', 'bool', 'Allow plain HTTP and unverified certificates'),
    flag('-v, --verbose', 'bool', 'Include digests and platforms, and every image of a list'),
  ],
  async run(cli, args, flags) {
    const verbose = flags.bool('verbose');
    const name = parseName(args.at(-1) ?? '');
    const store = new ManifestStore(cli.config.dir);
    const [listName, second] = args;
    if (listName !== undefined && second !== undefined) {
      const image = store.image(parseName(listName).full, name.full);
      if (image === undefined) throw new CliError(1, `No such manifest: ${name.full}`);
      printImage(cli, image, verbose);
      return 0;
    }
    const local = store.list(name.full);
    if (local !== undefined) {
      printList(cli, local, verbose);
      return 0;
    }
    await using registry = openManifestRegistry(cli, { insecure: flags.bool('insecure') });
    const found = await registry.look(name);
    if ('Raw' in found) printImage(cli, found, verbose);
    else printList(cli, verbose ? await registry.imagesOf(name) : found, verbose);
    return 0;
  },
};

function printImage(cli: Cli, image: ImageManifest, verbose: boolean): void {
  const text = verbose ? goEscapes(JSON.stringify(image)) : Buffer.from(image.Raw, 'base64').toString();
  cli.out.line(indentJson(text, '\t'));
}

function printList(cli: Cli, list: readonly Pick<ImageManifest, 'Descriptor'>[], verbose: boolean): void {
  cli.out.line(verbose ? indentJson(goEscapes(JSON.stringify(list)), '\t') : listOf(list).bytes.toString());
}
