import { atLeast, type Command } from '../command.ts';
import { ManifestStore } from './manifest-store.ts';
import { parseName } from './name.ts';

export const removeManifestLists: Command = {
  usage: 'MANIFEST_LIST [MANIFEST_LIST...]',
  args: atLeast(1),
  examples: ['manifest rm localhost:5000/app:v2'],
  details: 'Lists that were pushed stay in their registries.',
  flags: [],
  async run(cli, names) {
    const store = new ManifestStore(cli.config.dir);
    let code = 0;
    for (const name of names) {
      const list = parseName(name);
      if (store.list(list.full) === undefined) {
        cli.err.line(`No such manifest: ${list.full}`);
        code = 1;
      } else store.remove(list.full);
    }
    return code;
  },
};
