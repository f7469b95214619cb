import type { FileActionCopy } from '../../../grpc/messages/pb.ts';
import type { PathSelection } from '../../../store/index.ts';

/** What a copy takes of its source. */
export function selectionOf(copy: FileActionCopy): PathSelection {
  return {
    path: copy.src || '/',
    hasWildcards: copy.allowWildcard,
    followsLink: copy.followSymlink,
    include: copy.include_patterns,
    exclude: copy.exclude_patterns,
  };
}
