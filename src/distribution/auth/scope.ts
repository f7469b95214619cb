/**
 * The scope of a token: `repository:library/busybox:pull`. Actions are sorted, so that equal scopes are equal texts.
 */
export function repositoryScope(repository: string, actions: readonly ('pull' | 'push' | 'delete')[]): string {
  return `repository:${repository}:${[...actions].sort().join(',')}`;
}

export const CATALOG_SCOPE = 'registry:catalog:*';
