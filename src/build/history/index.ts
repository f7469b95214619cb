export { BuildHistory, type BuildHistoryDeps } from './build-history.ts';
export type { HistoryError, HistoryEvent, HistoryRecord, HistoryResult } from './history-record.ts';
