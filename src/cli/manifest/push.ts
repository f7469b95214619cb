import { type Command, exactly } from '../command.ts';
import { CliError } from '../errors.ts';
import { flag } from '../flags/flag.ts';
import { type ImageManifest, listOf } from './image-manifest.ts';
import { ManifestStore } from './manifest-store.ts';
import { type Name, parseName } from './name.ts';
import { openManifestRegistry } from './registry.ts';

export const pushManifestList: Command = {
  usage: '[OPTIONS] MANIFEST_LIST',
  args: exactly(1),
  examples: ['manifest push --purge localhost:5000/app:v2'],
  flags: [
    flag('--insecure', 'bool', 'Allow plain HTTP and unverified certificates'),
    flag('-p, --purge', 'bool', 'Remove the local manifest list after the push'),
  ],
  async run(cli, [listName = ''], flags) {
    const target = parseName(listName);
    const store = new ManifestStore(cli.config.dir);
    const images = store.list(target.full);
    if (images === undefined) throw new CliError(1, `No such manifest: ${target.full}`);
    if (images.length === 0) throw new CliError(1, `${target.full} not found`);
    const sources = images.map((image) => ({ image, source: sourceOf(image, target) }));
    await using registry = openManifestRegistry(cli, { insecure: flags.bool('insecure') });
    for (const { image, source } of sources.filter(({ source: { path } }) => path !== target.path)) {
      const digest = await registry.copy(image, source, target);
      const there = `${target.domain}/${target.path}@${image.Descriptor.digest}`;
      cli.out.line(`Pushed ref ${there} with digest: ${digest}`);
    }
    cli.out.line(await registry.putList(target, listOf(images)));
    if (flags.bool('purge')) store.remove(target.full);
    return 0;
  },
};

/** The location of an image. @throws CliError when the list cannot contain it */
function sourceOf({ Ref, Descriptor: { platform } }: ImageManifest, target: Name): Name {
  const source = parseName(Ref);
  if (source.domain !== target.domain) {
    throw new CliError(
      1,
      `cannot use source images from a different registry than the target image: ${source.domain} != ${target.domain}`,
    );
  }
  if ((platform?.architecture ?? '') === '' || (platform?.os ?? '') === '') {
    throw new CliError(1, `manifest ${Ref} must have an OS and Architecture to be pushed to a registry`);
  }
  return source;
}
