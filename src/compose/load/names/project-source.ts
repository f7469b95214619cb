import type { Environment } from '../world.ts';

/** Files that make a project, and where they are. */
export interface ProjectSource {
  readonly files: readonly { readonly file: string; readonly text: string }[];
  readonly workingDir: string;
  readonly environment: Environment;
  /** A name that the user gave: it wins over that of the files. */
  readonly givenName: string | undefined;
  /** The name when neither the user nor a file gives one. */
  readonly usualName: string;
  readonly profiles: readonly string[];
}
