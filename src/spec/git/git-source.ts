import { invalid } from '../../base/errors.ts';

/** A repository as `https://host/path.git?branch=x#ref:folder` or `git@host:path` names it. */
export interface GitSource {
  /** The address without fragment and query. */
  readonly url: string;
  /** `host/path`, without scheme and user. */
  readonly location: string;
  readonly isSsh: boolean;
  /** A branch, a tag or a commit. '' is the default branch. */
  readonly ref: string;
  /** A folder of the repository, or ''. */
  readonly folder: string;
  readonly checksum: string;
  readonly keepsGitDirectory: boolean | undefined;
}

const URL_FORM = /^(https?|git|ssh):\/\/([^/?#]*)([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s;
const SCP_FORM = /^(?:[a-zA-Z0-9-_]+@)?([a-zA-Z0-9-.]+):([^?#]*?)(?:\?([^#]*))?(?:#(.*))?$/s;

/**
 * Tells whether a text names a repository, and what of it: an address of http whose path ends in `.git`, or any of git and
 * ssh. Undefined for other texts. @throws EngineError invalid for a query that has no meaning
 */
export function parseGitSource(text: string): GitSource | undefined {
  const url = URL_FORM.exec(text);
  if (url !== null) {
    const [, scheme = '', authority = '', path = '', query, fragment] = url;
    if (scheme.startsWith('http') && !path.endsWith('.git')) return undefined;
    return {
      url: `${scheme}://${authority}${path}`,
      location: `${authority.slice(authority.lastIndexOf('@') + 1)}${path}`,
      isSsh: scheme === 'ssh',
      ...selection(query, fragment),
    };
  }
  if (text.startsWith('github.com/')) return parseGitSource(`https://${text}`);
  const scp = text.includes('://') || !text.includes('@') ? null : SCP_FORM.exec(text);
  if (scp === null) return undefined;
  const [whole, host = '', path = '', query, fragment] = scp;
  return {
    url: whole.replace(/[?#].*$/s, ''),
    location: `${host}/${path.replace(/^\//, '')}`,
    isSsh: true,
    ...selection(query, fragment),
  };
}

type Selection = Pick<GitSource, 'ref' | 'folder' | 'checksum' | 'keepsGitDirectory'>;

function selection(query: string | undefined, fragment = ''): Selection {
  const colon = fragment.indexOf(':');
  const plain: Selection = {
    ref: colon < 0 ? fragment : fragment.slice(0, colon),
    folder: colon < 0 ? '' : fragment.slice(colon + 1).replace(/^\/+/, ''),
    checksum: '',
    keepsGitDirectory: undefined,
  };
  if (query === undefined || query === '') return plain;
  let chosen = plain;
  for (const [name, value] of new URLSearchParams(query)) chosen = { ...chosen, ...queryChange(name, value, chosen) };
  return chosen;
}

function queryChange(name: string, value: string, { ref }: Selection): Partial<Selection> {
  const choose = (given: string): Partial<Selection> => {
    if (ref !== '' && ref !== given) throw invalid(`ref conflicts: ${JSON.stringify(ref)} vs ${JSON.stringify(given)}`);
    return { ref: given };
  };
  switch (name) {
    case 'ref':
      return choose(value);
    case 'branch':
      return choose(`refs/heads/${value}`);
    case 'tag':
      return choose(`refs/tags/${value}`);
    case 'subdir':
      return { folder: value.replace(/^\/+/, '') };
    case 'checksum':
    case 'commit':
      return { checksum: value };
    case 'keep-git-dir':
      return { keepsGitDirectory: value === '' || value === 'true' || value === '1' };
    default:
      throw invalid(`unexpected query ${JSON.stringify(name)}`);
  }
}
