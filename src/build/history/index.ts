export { BuildHistory, type BuildHistoryDeps } from './build-history.ts';
export {
  digestOf as historyDigest,
  type HistoryError,
  type HistoryEvent,
  type HistoryRecord,
  type HistoryResult,
} from './history-record.ts';
