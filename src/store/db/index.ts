export {
  openStateDb,
  refuseNewerRoot,
  type StateDb,
  type StateDbOptions,
} from './state-db.ts';
export type { TransactionOptions } from './transactions.ts';
