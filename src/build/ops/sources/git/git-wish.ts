import { EngineError, invalid } from '../../../../base/errors.ts';
import type { Source } from '../source.ts';

/** Files of a repository. */
export interface GitWish {
  /** Of http, https, git or ssh, without a password; or `user@host:path`. */
  readonly url: string;
  /** A branch, a tag, any other name of a commit, or a commit's hash. '' for the default branch. */
  readonly ref: string;
  /** Of the repository. '' for all of it. */
  readonly folder: string;
  readonly keepsGitDirectory: boolean;
  readonly skipsSubmodules: boolean;
  /** Whether files get the time of their commit instead of now. */
  readonly hasCommitTimes: boolean;
  /** Whether the server is asked for the commit by its hash, and not for the name that it had. */
  readonly fetchesCommit: boolean;
  /** The beginning of the commit's hash, which is checked. */
  readonly checksum: string;
  readonly tokenSecret: string;
  readonly headerSecret: string;
  /** Agent of the client. Undefined where the address needs none. */
  readonly sshAgent: string | undefined;
  /** Lines of a file known_hosts. */
  readonly knownHosts: string;
}

const HASH = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

export function isCommitHash(text: string): boolean {
  return HASH.test(text);
}

/** @throws EngineError invalid */
export function readGitWish({ identifier, attrs }: Pick<Source, 'identifier' | 'attrs'>): GitWish {
  const hash = identifier.indexOf('#');
  const [location, fragment] = hash < 0 ? [identifier, ''] : [identifier.slice(0, hash), identifier.slice(hash + 1)];
  const [ref = '', ...folder] = fragment.split(':');
  const url = attrs.get('git.fullurl') || location;
  refuseUnknown(attrs);
  const isOn = (name: string): boolean => attrs.get(name) === 'true';
  return {
    url: checkUrl(url),
    ref: checkRef(ref),
    folder: checkFolder(folder.join(':')),
    keepsGitDirectory: isOn('git.keepgitdir'),
    skipsSubmodules: isOn('git.skipsubmodules'),
    fetchesCommit: isOn('git.fetchbycommit'),
    hasCommitTimes: attrs.get('git.mtime') === 'commit',
    checksum: checkHash(attrs.get('git.checksum') ?? ''),
    tokenSecret: attrs.get('git.authtokensecret') ?? '',
    headerSecret: attrs.get('git.authheadersecret') ?? '',
    sshAgent: attrs.get('git.mountsshsock') || (/^ssh:|^[^/:]+@[^/:]+:/.test(url) ? 'default' : undefined),
    knownHosts: attrs.get('git.knownsshhosts') ?? '',
  };
}

/** What is not checked must not pass for checked. @throws EngineError notImplemented */
function refuseUnknown(attrs: Source['attrs']): void {
  for (const [name, value] of attrs) {
    const isRefused = name.startsWith('git.sig.') || name === 'git.bundle' || name === 'git.checkoutbundle';
    if (isRefused && value !== '' && value !== 'false')
      throw new EngineError(
        'notImplemented',
        `${name} is not supported: signatures and bundles of repositories are not read`,
      );
  }
}

/** Addresses of git's helpers (`ext::`), of files and options are no addresses of repositories. */
function checkUrl(url: string): string {
  const isAddress = /^(?:https?|git|ssh):\/\/[^-/][^\s]*$/.test(url) && URL.canParse(url);
  const isShort = /^[A-Za-z0-9_.][\w.-]*@[A-Za-z0-9_.[][^\s/:]*:[^\s:-][^\s]*$/.test(url);
  if (!isAddress && !isShort) throw invalid(`invalid address of a repository: ${JSON.stringify(url.slice(0, 200))}`);
  return url;
}

/** What git-check-ref-format(1) allows of a name, in short: nothing that is an option, a range or a pattern. */
function checkRef(ref: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are refused.
  if (/^-|\.\.|[\x00-\x20\x7f~^:?*[\\]|@\{|\.lock$|\/$|\/\//.test(ref) || ref.length > 500) {
    throw invalid(`invalid git ref: ${JSON.stringify(ref.slice(0, 200))}`);
  }
  return ref;
}

function checkFolder(folder: string): string {
  if (folder.includes('\0')) throw invalid('invalid folder of a repository');
  return folder.split('/').every((part) => part === '' || part === '.') ? '' : folder;
}

function checkHash(hash: string): string {
  if (!/^(?:[0-9a-f]{7,64})?$/.test(hash))
    throw invalid(`invalid checksum of a commit: ${JSON.stringify(hash.slice(0, 80))}`);
  return hash;
}
