export { openContainer } from './container/open-container.ts';
export { ExitError } from './exec/exit-error.ts';
export type { OpDeps } from './op-deps.ts';
export { restoreBuilds } from './restore-builds.ts';
export { type OpenTree, openTree } from './tree-root.ts';
export { vertexOf } from './vertex-of.ts';
