import type { Range } from '../location.ts';
import type { KeyValue } from '../parse/tree.ts';
import type { Device } from './run-device.ts';

/** What every instruction has. */
export interface Source {
  /** The keyword as written. */
  readonly name: string;
  /** The instruction with its lines joined, trimmed, without heredocs. */
  readonly code: string;
  readonly range: Range;
  /** The comments directly before. */
  readonly comments: readonly string[];
}

export interface ArgInstruction extends Source {
  readonly kind: 'arg';
  readonly args: readonly ArgDefinition[];
}

export interface ArgDefinition {
  readonly key: string;
  /** The default. Without one, the value comes from the build or from an ARG before the first FROM. */
  readonly value?: string;
  /** From a comment `# key description` before. */
  readonly description?: string;
}

export interface EnvInstruction extends Source {
  readonly kind: 'env';
  readonly pairs: readonly KeyValue[];
}

export interface LabelInstruction extends Source {
  readonly kind: 'label';
  readonly pairs: readonly KeyValue[];
}

/** A file whose content stands in the Dockerfile. */
export interface InlineFile {
  readonly name: string;
  readonly content: string;
  readonly expands: boolean;
}

/** What ADD and COPY share. */
export interface Copying extends Source {
  readonly sources: readonly string[];
  readonly inlineFiles: readonly InlineFile[];
  readonly destination: string;
  /** `user:group`, or ''. */
  readonly owner: string;
  /** Octal or symbolic, or ''. */
  readonly mode: string;
  readonly isLink: boolean;
  /** Patterns, in which variables are not expanded. */
  readonly excludes: readonly string[];
}

export interface AddInstruction extends Copying {
  readonly kind: 'add';
  readonly keepsGitDirectory: boolean | undefined;
  readonly checksum: string;
  /** Undefined: archives of the context are unpacked and downloads are not. */
  readonly unpacks: boolean | undefined;
}

export interface CopyInstruction extends Copying {
  readonly kind: 'copy';
  /** A stage's name or index, a named context, or an image. '' is the build's context. */
  readonly from: string;
  readonly keepsParents: boolean;
}

/** A command line, in the exec form or as one text for the shell. */
export interface Command {
  readonly words: readonly string[];
  readonly usesShell: boolean;
}

/** A heredoc of RUN. Its tabs are cut only when the heredoc is the whole command. */
export interface ShellFile {
  readonly name: string;
  readonly content: string;
  readonly cutsTabs: boolean;
}

export interface RunInstruction extends Source {
  readonly kind: 'run';
  readonly command: Command;
  readonly files: readonly ShellFile[];
  /** Values of `--mount`. `parseMount` reads one, its variables expanded. */
  readonly mounts: readonly string[];
  readonly network: 'default' | 'none' | 'host';
  readonly security: 'sandbox' | 'insecure';
  readonly devices: readonly Device[];
  /** The names of flags that are set. */
  readonly flags: readonly string[];
}

export interface CmdInstruction extends Source {
  readonly kind: 'cmd';
  readonly command: Command;
}

export interface EntrypointInstruction extends Source {
  readonly kind: 'entrypoint';
  readonly command: Command;
}

export interface ExposeInstruction extends Source {
  readonly kind: 'expose';
  /** As written, sorted. `parsePort` reads one, its variables expanded. */
  readonly ports: readonly string[];
}

export interface HealthCheckInstruction extends Source {
  readonly kind: 'healthcheck';
  /** `['NONE']`, `['CMD', …]` or `['CMD-SHELL', text]`. */
  readonly test: readonly string[];
  /** 0 is the default, as in the image's configuration. */
  readonly intervalNanos: number;
  readonly timeoutNanos: number;
  readonly startPeriodNanos: number;
  readonly startIntervalNanos: number;
  readonly retries: number;
}

export interface MaintainerInstruction extends Source {
  readonly kind: 'maintainer';
  readonly maintainer: string;
}

export interface OnBuildInstruction extends Source {
  readonly kind: 'onbuild';
  /** The instruction, with its heredocs, as the image's configuration keeps it. */
  readonly trigger: string;
}

export interface ShellInstruction extends Source {
  readonly kind: 'shell';
  readonly shell: readonly string[];
}

export interface StopSignalInstruction extends Source {
  readonly kind: 'stopsignal';
  readonly signal: string;
}

export interface UserInstruction extends Source {
  readonly kind: 'user';
  readonly user: string;
}

export interface VolumeInstruction extends Source {
  readonly kind: 'volume';
  readonly volumes: readonly string[];
}

export interface WorkdirInstruction extends Source {
  readonly kind: 'workdir';
  readonly path: string;
}

/** FROM. */
export interface FromInstruction extends Source {
  readonly kind: 'from';
  /** An image's name, or an earlier stage's. */
  readonly base: string;
  /** In lower case, or ''. */
  readonly stageName: string;
  /** As written, or ''. */
  readonly platform: string;
  /** From a comment `# stage description` before. */
  readonly description: string;
}

/** An instruction within a stage. */
export type Instruction =
  | AddInstruction
  | ArgInstruction
  | CmdInstruction
  | CopyInstruction
  | EntrypointInstruction
  | EnvInstruction
  | ExposeInstruction
  | HealthCheckInstruction
  | LabelInstruction
  | MaintainerInstruction
  | OnBuildInstruction
  | RunInstruction
  | ShellInstruction
  | StopSignalInstruction
  | UserInstruction
  | VolumeInstruction
  | WorkdirInstruction;
