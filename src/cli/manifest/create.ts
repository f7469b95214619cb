import { atLeast, type Command } from '../command.ts';
import { CliError } from '../errors.ts';
import { flag } from '../flags/flag.ts';
import { ManifestStore } from './manifest-store.ts';
import { parseName } from './name.ts';
import { openManifestRegistry } from './registry.ts';

export const createManifestList: Command = {
  usage: 'MANIFEST_LIST MANIFEST [MANIFEST...]',
  args: atLeast(2),
  examples: ['manifest create localhost:5000/app:v2 localhost:5000/app:v2-amd64 localhost:5000/app:v2-arm64'],
  details: "The list stays on this machine until 'gantry manifest push' uploads it.",
  flags: [
    flag('-a, --amend', 'bool', 'Amend an existing manifest list'),
    flag('--insecure', 'bool', 'Allow plain HTTP and unverified certificates'),
  ],
  async run(cli, [listName = '', ...imageNames], flags) {
    const list = parseName(listName, `error parsing name for manifest list ${listName}: `);
    const store = new ManifestStore(cli.config.dir);
    if (store.list(list.full) !== undefined && !flags.bool('amend')) {
      throw new CliError(1, 'refusing to amend an existing manifest list with no --amend flag');
    }
    await using registry = openManifestRegistry(cli, { insecure: flags.bool('insecure') });
    for (const imageName of imageNames) {
      const name = parseName(imageName);
      const image = store.image(list.full, name.full) ?? (await registry.image(name));
      store.save(list.full, name.full, image);
    }
    cli.out.line(`Created manifest list ${list.full}`);
    return 0;
  },
};
