export { askSessions } from './ask-sessions.ts';
export { describeSource } from './describe-source.ts';
export { gitItems } from './git/git-items.ts';
export { type ContextFolders, type KnownContext, openContextFolders } from './local/context-folders.ts';
export { contextItems } from './local/context-items.ts';
export type { SourceDeps } from './source.ts';
export { sourceOp } from './source-op.ts';
