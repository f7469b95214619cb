import { writeFileSync } from 'node:fs';
import { diskFiles, type ProjectFiles, readStdin } from '../../compose/index.ts';
import type { Cli } from '../cli.ts';
import type { ComposeWorld } from './compose-world.ts';

/** This machine: its files, its terminal, the current folder. */
export function diskWorld(cli: Cli): ComposeWorld {
  return {
    cli,
    out: cli.out,
    err: cli.err,
    env: cli.env,
    files: diskFiles,
    remotes: (insecure) => {
      // Few projects have any: the code is loaded with the first.
      let loaded: Promise<ProjectFiles['fetchRemote']> | undefined;
      return async (address) => {
        loaded ??= import('./fetch-remotes.ts').then(({ fetchRemotes }) => fetchRemotes(cli, insecure));
        return (await loaded)(address);
      };
    },
    currentFolder: process.cwd(),
    readStdin,
    writeFile: writeFileSync,
  };
}
