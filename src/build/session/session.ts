import type { Duplex, Readable } from 'node:stream';

/**
 * A client that serves its builds: files, secrets, credentials. It calls us once, and then we call it on that connection.
 *
 * One life: the client connects (`POST /session`, or `Control.Session`), and the session is found by its id. A build
 * names the session; its steps ask for it by the build's id. It ends with its connection, or after two health checks
 * without an answer; its calls then throw `unavailable`.
 */
export interface Session {
  readonly id: string;
  /** Says that two sessions have the same directories. May be ''. */
  readonly sharedKey: string;
  /** Aborted when the session has ended. */
  readonly ended: AbortSignal;
  /** Whether the client serves a method, such as `/moby.filesync.v1.FileSync/DiffCopy`. */
  supports(method: string): boolean;

  /**
   * Makes a folder equal to a directory of the client. What is equal already does not travel. Links and modes are kept;
   * owners are 0:0. @throws EngineError notFound for a directory that the client does not offer; invalid for a hostile
   * client; noSpace, cancelled
   */
  receiveDirectory(request: ReceiveDirectory, signal: AbortSignal): Promise<ReceivedTree>;
  /** Sends the client folders, for `--output type=local`. @throws EngineError */
  sendDirectory(request: SendDirectory, signal: AbortSignal): Promise<void>;
  /** Sends the client one file, for `--output type=tar|oci|docker`. @throws EngineError */
  sendFile(
    request: {
      readonly exporterId: string;
      readonly metadata: Readonly<Record<string, string>>;
      readonly bytes: Readable;
    },
    signal: AbortSignal,
  ): Promise<void>;
  /** Returns what the client uploads: the tar on stdin of `docker build -`. @throws EngineError notFound */
  upload(url: string, signal: AbortSignal): Promise<Readable>;
  /** Returns a secret. Undefined where the client has none of that id. @throws EngineError */
  secret(id: string, signal: AbortSignal): Promise<Buffer | undefined>;
  /** Checks that the client forwards this agent. @throws EngineError notFound */
  checkSsh(id: string, signal: AbortSignal): Promise<void>;
  /** Opens a connection to an agent of the client. */
  forwardSsh(id: string, signal: AbortSignal): Promise<Duplex>;
  /** Returns the credentials for a registry's host. Undefined for none. */
  credentials(host: string, signal: AbortSignal): Promise<SessionCredentials | undefined>;
  /** A store of blobs of the client, such as an OCI layout. */
  content(storeId: string): SessionContent;
}

export interface ReceiveDirectory {
  /** `context`, `dockerfile`, or a named context. */
  readonly name: string;
  /** On the host. It exists. */
  readonly folder: string;
  /** Patterns of `.dockerignore`'s grammar. Empty: everything. */
  readonly includePatterns: readonly string[];
  readonly excludePatterns: readonly string[];
  /** Paths whose symlinks' targets come too. */
  readonly followPaths: readonly string[];
  /** Whether files of the folder are kept that have the client's size and time. Default: true. */
  readonly reusesFiles?: boolean;
  /** Bytes of packets so far, the listing included. */
  readonly progress?: (bytes: number, isDone: boolean) => void;
}

export interface ReceivedTree {
  /** Whether anything but times is different from what the folder had before. */
  readonly hasChanged: boolean;
  /** Bytes of the files. */
  readonly sizeBytes: number;
}

export interface SendDirectory {
  readonly exporterId: string;
  /** By the order of their names. */
  readonly trees: readonly SentTree[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly progress?: (bytes: number, isDone: boolean) => void;
}

/** A folder of the host, and where the client puts its content: below a name, or, where that is '', at the top. */
export interface SentTree {
  readonly root: string;
  readonly folder: string;
}

export interface SessionCredentials {
  readonly username: string;
  readonly secret: string;
}

export interface SessionContent {
  /** @throws EngineError notFound */
  sizeBytes(digest: string, signal: AbortSignal): Promise<number>;
  open(digest: string, signal: AbortSignal): Promise<Readable>;
  /** Writes a blob, unless the client has it. @throws EngineError invalid where the bytes are others */
  write(blob: SessionBlob, signal: AbortSignal): Promise<void>;
}

export interface SessionBlob {
  readonly digest: string;
  readonly sizeBytes: number;
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** The sessions of connected clients. */
export interface Sessions {
  /** Returns a session, also one that connects within some seconds. @throws EngineError notFound `no active session for x` */
  get(id: string, signal: AbortSignal): Promise<Session>;
}
