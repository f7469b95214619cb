import type { PathSelection } from '../../../store/index.ts';

/** What one word of COPY or ADD names. */
export interface CopySource {
  /** Path on the host of the tree that has the files. */
  readonly root: string;
  readonly selection: PathSelection;
  readonly files: readonly { readonly path: string; readonly isDirectory: boolean }[];
  /** Whether it is a download, which is never unpacked. */
  readonly isDownload: boolean;
}
