export { BuildHistory, type BuildHistoryDeps } from './build-history.ts';
export {
  digestOf as historyDigest,
  errorDocument,
  errorStatus,
  type HistoryError,
  type HistoryEvent,
  type HistoryRecord,
  type HistoryResult,
} from './history-record.ts';
