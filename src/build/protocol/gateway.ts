import { randomBytes } from 'node:crypto';
import { code, errorDetail, fromRpcStatus, GrpcError, type Init, messageJson, toGrpcError } from '../../grpc/index.ts';
import type { Ref, Result, ReturnRequest, result } from '../../grpc/messages/gateway.ts';
import { op } from '../../grpc/messages/pb.ts';
import type { FrontendResult } from '../frontend/index.ts';
import { type LlbEdge, writeDefinition } from '../llb/index.ts';
import { SolveError } from '../runs/index.ts';
import type { FailedStep, Tree } from '../tree.ts';
import { attestationMessage, readAttestation } from './attestation-messages.ts';
import { OpenContainers } from './open-containers.ts';

/** What a frontend in the client gave as the build's result. */
export interface GatewayResult extends FrontendResult {
  /** Whether the result is a map by platforms. */
  readonly isMultiple: boolean;
}

/**
 * The dealings of one build with the frontend that drives it from outside. Results have ids, by which the frontend names
 * them later. The build ends with the result that the frontend returns.
 */
export class Gateway implements AsyncDisposable {
  readonly #refs = new Map<string, LlbEdge | undefined>();
  /** What failed steps have left, by ids that the frontend was told with the failure. */
  readonly #kept = new Map<string, Tree>();
  #hasReturned = false;
  readonly #returned = Promise.withResolvers<GatewayResult>();
  /** Graphs that the client sent with the build. */
  readonly inputs: ReadonlyMap<string, LlbEdge | undefined>;
  readonly containers = new OpenContainers();

  constructor(inputs: ReadonlyMap<string, LlbEdge | undefined>) {
    this.inputs = inputs;
    this.#returned.promise.catch(() => {});
  }

  /** What the frontend returned. @throws GrpcError that it returned instead */
  get returned(): Promise<GatewayResult> {
    return this.#returned.promise;
  }

  get hasReturned(): boolean {
    return this.#hasReturned;
  }

  /** Takes the frontend's result, or error. @throws GrpcError for unknown results */
  take({ result: given, error }: ReturnRequest): void {
    if (error !== undefined) this.#returned.reject(fromRpcStatus(error));
    else this.#returned.resolve(this.#readResult(given));
    this.#hasReturned = true;
  }

  /** Ends the build with what a frontend of ours made. */
  finish(made: FrontendResult): void {
    this.#hasReturned = true;
    this.#returned.resolve({ ...made, isMultiple: made.refs.some(({ id }) => id !== '') });
  }

  /** The edge of a result; undefined for the empty tree. @throws GrpcError */
  edge(id: string): LlbEdge | undefined {
    if (id === '') return undefined;
    if (!this.#refs.has(id)) throw new GrpcError(code.notFound, `no such ref: ${id}`);
    return this.#refs.get(id);
  }

  has(id: string): boolean {
    return this.#refs.has(id);
  }

  /** What a failed step has left. Undefined for other ids. */
  kept(id: string): Tree | undefined {
    return this.#kept.get(id);
  }

  /** An error as the frontend is told: with the step, and of a process with what it saw and left, which containers can show. */
  toldError(error: unknown): unknown {
    const failed = failedStepOf(error);
    if (failed === undefined) return error;
    const status = toGrpcError(error);
    const { op: failedOp, description, subject, inputs, mounts } = failed;
    const keep = (trees: FailedStep['mounts']) => trees.map((tree) => this.#keep(tree));
    const detail = errorDetail('errdefs.Solve', {
      ...(inputs.length === 0 ? {} : { inputIDs: keep(inputs) }),
      ...(mounts.length === 0 ? {} : { mountIDs: keep(mounts) }),
      op: messageJson(op, failedOp),
      ...(subject && { [subject.kind === 'action' ? 'file' : 'cache']: index(subject.index) }),
      ...(description.size === 0 ? {} : { description: Object.fromEntries(description) }),
    });
    return new GrpcError(status.code, status.message, { details: [...status.details, detail], cause: error });
  }

  #keep(tree: Tree | undefined): string {
    if (tree === undefined) return '';
    const id = randomBytes(16).toString('hex');
    this.#kept.set(id, tree);
    return id;
  }

  /** The message of a frontend's result. */
  message(made: FrontendResult, isArrayAllowed: boolean): Init<typeof result> {
    const refs = made.refs.map(({ id, edge }) => ({ id, ref: this.#refOf(edge) }));
    const attestations = [...(made.attestations ?? [])].map(([id, list]) => {
      const attestation = list.map((each) => attestationMessage(each, this.#refOf(each.edge)));
      return [id, { attestation }] as const;
    });
    const common = { metadata: made.metadata, attestations: new Map(attestations) };
    const [first] = refs;
    if (refs.length === 0) return { ref: { id: '' }, ...common };
    if (refs.length === 1 && first?.id === '') {
      return isArrayAllowed ? { ref: first.ref, ...common } : { refDeprecated: first.ref.id ?? '', ...common };
    }
    return { refs: { refs: new Map(refs.map(({ id, ref }) => [id, ref])) }, ...common };
  }

  /** Ends the containers. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.containers[Symbol.asyncDispose]();
  }

  #refOf(edge: LlbEdge | undefined): Init<typeof result>['ref'] & object {
    // Clients know the empty tree by its empty id.
    if (edge === undefined) return { id: '' };
    const id = randomBytes(16).toString('hex');
    this.#refs.set(id, edge);
    return { id, def: writeDefinition(edge) };
  }

  #readResult(given: Result | undefined): GatewayResult {
    const single = given?.ref?.id ?? given?.refDeprecated ?? '';
    const several = given?.refs?.refs ?? mapped(given?.refsDeprecated?.refs);
    const refs = [...(several ?? new Map([['', { id: single }]]))].map(([id, ref]) => ({
      id,
      edge: this.edge(ref.id),
    }));
    const attestations = [...(given?.attestations ?? [])].map(
      ([id, { attestation }]) =>
        [id, attestation.map((each) => readAttestation(each, this.edge(each.ref?.id ?? '')))] as const,
    );
    return {
      refs,
      metadata: given?.metadata ?? new Map(),
      isMultiple: several !== undefined,
      attestations: new Map(attestations),
    };
  }
}

function mapped(refs: ReadonlyMap<string, string> | undefined): ReadonlyMap<string, Pick<Ref, 'id'>> | undefined {
  return refs && new Map([...refs].map(([key, id]) => [key, { id }]));
}

/** As the JSON of protobuf writes a number of 64 bits. */
function index(number: number): { readonly index?: string } {
  return number === 0 ? {} : { index: String(number) };
}

function failedStepOf(error: unknown): FailedStep | undefined {
  for (let at = error, depth = 0; at instanceof Error && depth < 8; at = at.cause, depth += 1) {
    if (at instanceof SolveError) return at.failedStep;
  }
  return undefined;
}
