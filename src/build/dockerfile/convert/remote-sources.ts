import type { GitSource } from '../../../spec/index.ts';
import type { LlbEdge } from '../../llb/graph.ts';
import { type NodeNotes, sourceNode } from '../../llb/index.ts';

/** A repository's files as a step. Names of the secrets are those that clients use for all hosts. */
export function gitEdge(
  source: GitSource,
  notes: NodeNotes,
  options: { readonly keepsGitDirectory?: boolean | undefined; readonly checksum?: string } = {},
): LlbEdge {
  const { location, ref, folder, url, isSsh } = source;
  const checksum = options.checksum || source.checksum;
  const fragment = ref === '' && folder === '' ? '' : `#${ref}${folder === '' ? '' : `:${folder}`}`;
  const node = sourceNode({
    identifier: `git://${location}${fragment}`,
    attributes: {
      'git.fullurl': url,
      'git.authtokensecret': 'GIT_AUTH_TOKEN',
      'git.authheadersecret': 'GIT_AUTH_HEADER',
      ...(isSsh ? { 'git.mountsshsock': 'default' } : {}),
      ...(checksum === '' ? {} : { 'git.checksum': checksum }),
      ...((options.keepsGitDirectory ?? source.keepsGitDirectory) ? { 'git.keepgitdir': 'true' } : {}),
    },
    ...notes,
  });
  return { node, output: 0 };
}

/** A download as a step whose result has one file. */
export function httpEdge(
  url: string,
  { filename, checksum = '' }: { readonly filename: string; readonly checksum?: string },
  notes: NodeNotes,
): LlbEdge {
  const attributes = { 'http.filename': filename, ...(checksum === '' ? {} : { 'http.checksum': checksum }) };
  return { node: sourceNode({ identifier: url, attributes, ...notes }), output: 0 };
}

/** The name under which a download is stored: the last part of the address's path. */
export function filenameOf(url: string): string {
  const last = decodedPath(url)
    .split('/')
    .findLast((part) => part !== '');
  return last === undefined || last === '.' || last === '..' ? '__unnamed__' : last;
}

function decodedPath(url: string): string {
  try {
    return decodeURIComponent(new URL(url).pathname);
  } catch {
    return '';
  }
}
