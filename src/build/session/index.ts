export { type LayoutImage, readLayoutImage } from './layout-image.ts';
export { type PostedSession, postedSession } from './posted-session.ts';
export type {
  ReceiveDirectory,
  ReceivedTree,
  SendDirectory,
  SentTree,
  Session,
  SessionContent,
  SessionCredentials,
  Sessions,
} from './session.ts';
export { createSessions, type NewSession, type OpenSessions } from './sessions.ts';
