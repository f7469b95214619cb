export { filesBelow } from './files-below.ts';
export { syncFiles } from './sync-files.ts';
export { type PathWatch, watchPaths } from './watch-paths.ts';
export { type WatchAction, type WatchRule, watchRules } from './watch-rules.ts';
export { type ServiceSync, type WatchWork, watchWork } from './watch-work.ts';
