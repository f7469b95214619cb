export { attachOutput, type LogSource, printLogs } from './container-output.ts';
export { type EndedContainer, type FollowOptions, followProject, type ProjectFollower } from './follow-project.ts';
export { liveResources, type Screen } from './live-resources.ts';
export { type LogOutput, LogPrinter } from './log-printer.ts';
export { printMergedLogs } from './merge-logs.ts';
export { type ResourceView, resourceJson, resourceLines } from './resource-view.ts';
