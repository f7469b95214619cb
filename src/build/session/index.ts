export type {
  ReceiveDirectory,
  SendDirectory,
  Session,
  SessionContent,
  SessionCredentials,
  Sessions,
} from './session.ts';
