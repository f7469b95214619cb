import { readFileSync, writeFileSync } from 'node:fs';
import { diskFiles } from '../../compose/index.ts';
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
    currentFolder: process.cwd(),
    readStdin: () => readFileSync(0, 'utf8'),
    writeFile: writeFileSync,
  };
}
