import type { ParsedFile } from './yaml/parse-yaml.ts';
import type { Source } from './yaml/source.ts';

/** What loading needs of the outside: files, and nothing else. Paths are absolute. */
export interface ProjectFiles {
  /** The text of a file. @throws EngineError when it cannot be read */
  readonly read: (path: string) => string;
  readonly kindOf: (path: string) => 'file' | 'folder' | undefined;
  /** The path with symbolic links followed. The path itself where it does not exist. */
  readonly realPath: (path: string) => string;
  /** Whether a path names a repository or an artifact of a registry instead of a local file. */
  readonly isRemote: (path: string) => boolean;
  /** Gets a remote. @throws EngineError */
  readonly fetchRemote: (path: string) => Promise<FetchedRemote>;
}

/** A remote, fetched to local folders. */
export interface FetchedRemote {
  /** Its Compose file. */
  readonly file: string;
  /** The folder of all that was fetched. */
  readonly root: string;
}

export interface LoadOptions {
  /** Whether variables are replaced. */
  readonly interpolates: boolean;
  readonly normalizes: boolean;
  readonly resolvesPaths: boolean;
  /** Whether the parts of the project are checked against each other. */
  readonly checksConsistency: boolean;
  /** Whether files of variables become part of the environment of the services. */
  readonly resolvesEnvironment: boolean;
  /** Whether services keep the names of their files of labels. They are part of the hash of a container, but not of `config`. */
  readonly keepsLabelFiles: boolean;
}

/** As many times files may be loaded by `include` and `extends`: two that include two others each would soon be millions. */
export const LOADS_MAX = 1000;

export const ALL_STEPS: LoadOptions = {
  interpolates: true,
  normalizes: true,
  resolvesPaths: true,
  checksConsistency: true,
  resolvesEnvironment: true,
  keepsLabelFiles: true,
};

/** One run of the loader. */
export interface Loading {
  readonly files: ProjectFiles;
  readonly options: LoadOptions;
  readonly home: string | undefined;
  /** Prints a warning in Compose's words. */
  readonly warn: (text: string) => void;
  /** All files that were parsed, to find the places of errors. */
  readonly sources: Source[];
  /** What was parsed, by file and text: each text is parsed once. */
  readonly parsed: Map<string, ParsedFile>;
  /** How many files were loaded by `include` and `extends`. */
  loads: number;
}

export type Environment = ReadonlyMap<string, string>;
