import type { Digest } from '../../base/ids.ts';
import type { Descriptor, Platform } from '../../spec/index.ts';
import type { StatementSubject } from '../attest/index.ts';
import type { Session } from '../session/session.ts';
import type { StepStatus } from '../solver/index.ts';
import type { Tree } from '../tree.ts';

/** What a build made, for its exporters. */
export interface ExportedResult {
  /** One for each platform. Empty for a build without a result. */
  readonly platforms: readonly ExportedPlatform[];
  /** Whether the client asked for several platforms: then an image is an index, and files are in a folder for each. */
  readonly isMultiple: boolean;
  /** Of the frontend. */
  readonly metadata: ReadonlyMap<string, Uint8Array>;
}

export interface ExportedPlatform {
  /** Such as `linux/arm64`. */
  readonly id: string;
  readonly platform: Platform;
  readonly tree: Tree;
  /** The configuration of the image, as the frontend made it: JSON. Undefined where it made none. */
  readonly config: Uint8Array | undefined;
  readonly attestations: readonly ExportedAttestation[];
  /** Returns what the image's configuration says about its cache. Undefined where the client wants none. */
  readonly inlineCache?: (layers: readonly ArchivedLayer[]) => Promise<string>;
}

/** A layer of an image, with its archive. */
export interface ArchivedLayer {
  readonly descriptor: Descriptor;
  readonly diffId: Digest;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly description: string;
}

/** A statement about a platform's result (in-toto). */
export interface ExportedAttestation {
  readonly predicateType: string;
  /** JSON. */
  readonly predicate: unknown;
  /** What it is about. The result itself where that is left out or empty. */
  readonly subjects?: readonly StatementSubject[];
  /** Such as `provenance.json`: for outputs of files. */
  readonly fileName: string;
  /** Whether only images get it. */
  readonly isInlineOnly: boolean;
}

/** One `--output` of the client. */
export interface ExportRequest {
  /** Its place in the client's list. */
  readonly id: string;
  readonly type: string;
  readonly attrs: ReadonlyMap<string, string>;
}

export interface ExportContext {
  /** The client's session. @throws EngineError notFound */
  session(): Promise<Session>;
  readonly sessionId: string;
  /** Reports a part of the work. */
  report(status: StepStatus): void;
  readonly signal: AbortSignal;
}

/** Gives a result away. */
export interface Exporter {
  /** Text of the step that the client sees. */
  readonly name: string;
  /** @throws EngineError */
  run(result: ExportedResult, context: ExportContext): Promise<Exported>;
}

export interface Exported {
  /** What the client hears, such as `containerimage.digest`. */
  readonly response: ReadonlyMap<string, string>;
  /** The images that were made, by their platforms. */
  readonly images: readonly ExportedImage[];
}

export interface ExportedImage {
  /** Such as `linux/arm64`. */
  readonly platform: string;
  /** Of the manifest. */
  readonly descriptor: Descriptor;
  /** Statements about it. */
  readonly attestations: readonly Descriptor[];
}

/** For exporters that make no image and tell nothing. */
export const NOTHING_EXPORTED: Exported = { response: new Map(), images: [] };
