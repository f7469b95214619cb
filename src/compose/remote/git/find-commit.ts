import { invalid } from '../../../base/errors.ts';

const HASH = /^[0-9a-f]{40}$/;

export function isCommit(ref: string): boolean {
  return HASH.test(ref);
}

/** @throws EngineError for what git could take as a flag or as a pattern */
export function checkRef(ref: string): void {
  // By `git check-ref-format`, as far as it matters here.
  if (ref.startsWith('-') || /[\s\p{Cc}~^:?*[\\]|\.\./u.test(ref))
    throw invalid(`${JSON.stringify(ref)} is not a branch, a tag or a commit of a repository`);
}

/**
 * Finds a ref in the output of `git ls-remote`, which lists also `refs/heads/x/NAME`, in the order of git's own search. Undefined when
 * it is not there.
 */
export function findCommit(listed: string, ref: string): string | undefined {
  const found = new Map<string, string>();
  for (const line of listed.split('\n')) {
    const [hash = '', name = ''] = line.split('\t');
    if (isCommit(hash)) found.set(name, hash);
  }
  const names = [ref, `refs/${ref}`, `refs/tags/${ref}`, `refs/heads/${ref}`];
  return names.map((name) => found.get(name)).find((hash) => hash !== undefined);
}
