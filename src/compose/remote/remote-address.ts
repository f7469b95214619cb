import { parseGitSource } from '../../spec/index.ts';

export const OCI_PREFIX = 'oci://';

/** A text without the users, the passwords and the tokens that its addresses of http may have. */
export function withoutLogin(text: string): string {
  return text.replace(/(https?:\/\/)[^/?#\s'"]*@/g, '$1***@');
}

/** Whether a path names a repository of git or an artifact of a registry instead of a local file. */
export function isRemoteAddress(path: string): boolean {
  if (path.startsWith(OCI_PREFIX) || /^https?:\/\//.test(path)) return true;
  if (/^\.{0,2}\//.test(path)) return false;
  try {
    return parseGitSource(path) !== undefined;
  } catch {
    return true; // It is fetched, which says what is wrong with it.
  }
}
