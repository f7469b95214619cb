import type { Digest } from '../base/ids.ts';

/** What a source stands for at the moment. */
export type SourceFacts = GitFacts | HttpFacts;

export interface GitFacts {
  readonly kind: 'git';
  /** The whole name, such as `refs/heads/main`; a commit's hash for itself. */
  readonly ref: string;
  readonly commit: string;
  /** Of a tag with a message. */
  readonly tag: string | undefined;
  /** As git keeps them, when they were asked for. */
  readonly commitObject: Uint8Array | undefined;
  readonly tagObject: Uint8Array | undefined;
}

export interface HttpFacts {
  readonly kind: 'http';
  readonly digest: Digest;
  readonly filename: string;
  /** Milliseconds since the epoch. Undefined where the server does not say it. */
  readonly modified: number | undefined;
}

export interface DescribeSource {
  readonly source: { readonly identifier: string; readonly attrs: ReadonlyMap<string, string> };
  /** Whether the objects of git are asked for, which fetches the commit. */
  readonly withObjects: boolean;
}
