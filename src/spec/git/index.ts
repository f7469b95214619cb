export { type GitSource, parseGitSource } from './git-source.ts';
