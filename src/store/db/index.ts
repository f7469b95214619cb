export {
  openStateDb,
  refuseNewerRoot,
  type StateDb,
  type StateDbOptions,
  type TransactionOptions,
} from './state-db.ts';
