export type { EngineObjects } from './audit-objects.ts';
export {
  type CheckDeps,
  type CheckReport,
  createStoreCheck,
  type ReportedFinding,
  type StoreCheck,
} from './check-store.ts';
