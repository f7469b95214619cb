import type { Readable } from 'node:stream';
import { EngineError } from '../../base/errors.ts';
import { upload } from '../../grpc/messages/upload.ts';
import type { Session, SessionCredentials, Sessions } from './session.ts';

export interface PostedSession {
  readonly id: string;
  /** The address by which the body is a context. */
  readonly url: string;
  /** Read once. */
  readonly body: Readable;
  /** What the request itself has. */
  readonly credentials: (host: string) => SessionCredentials | undefined;
  /** The client's own session. '' for none. */
  readonly clientId: string;
}

/** The session of a build that came as one request: its body is the context, and for everything else there may be a session of the client. */
export function postedSession(posted: PostedSession, sessions: Sessions): Session {
  let isRead = false;
  const client = async (signal: AbortSignal): Promise<Session> => {
    if (posted.clientId === '') throw new EngineError('notFound', 'no active session for : the request has none');
    return await sessions.get(posted.clientId, signal);
  };
  return {
    ...{ id: posted.id, sharedKey: '', ended: new AbortController().signal },
    supports: (method) => method === upload.Pull.path,
    async upload(url, signal) {
      if (url !== posted.url) return await (await client(signal)).upload(url, signal);
      if (isRead) throw new EngineError('notFound', 'the context of the request was read before');
      isRead = true;
      return posted.body;
    },
    async credentials(host, signal) {
      const given = posted.credentials(host);
      if (given !== undefined || posted.clientId === '') return given;
      return await (await client(signal)).credentials(host, signal);
    },
    secret: async (id, signal) =>
      posted.clientId === '' ? undefined : await (await client(signal)).secret(id, signal),
    receiveDirectory: async (request, signal) => await (await client(signal)).receiveDirectory(request, signal),
    sendDirectory: async (request, signal) => await (await client(signal)).sendDirectory(request, signal),
    sendFile: async (request, signal) => await (await client(signal)).sendFile(request, signal),
    checkSsh: async (id, signal) => await (await client(signal)).checkSsh(id, signal),
    forwardSsh: async (id, signal) => await (await client(signal)).forwardSsh(id, signal),
    content: (storeId) => ({
      sizeBytes: async (digest, signal) => (await client(signal)).content(storeId).sizeBytes(digest, signal),
      open: async (digest, signal) => (await client(signal)).content(storeId).open(digest, signal),
      write: async (blob, signal) => await (await client(signal)).content(storeId).write(blob, signal),
    }),
  };
}
