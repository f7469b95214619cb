import type { Init } from '../../grpc/index.ts';
import { type Attestation, type attestation, attestationKind, inTotoSubjectKind } from '../../grpc/messages/gateway.ts';
import type { FrontendAttestation } from '../frontend/index.ts';
import type { LlbEdge } from '../llb/index.ts';

/** Reads what a frontend elsewhere says about a result. */
export function readAttestation(message: Attestation, edge: LlbEdge | undefined): FrontendAttestation {
  const { kind, path, inTotoPredicateType, inTotoSubjects, metadata } = message;
  return {
    kind: kind === attestationKind.Bundle ? 'bundle' : 'inToto',
    edge,
    path,
    predicateType: inTotoPredicateType,
    subjects: inTotoSubjects.map((subject) => ({
      kind: subject.kind === inTotoSubjectKind.Raw ? 'raw' : 'self',
      name: subject.name,
      digests: subject.digest,
    })),
    metadata,
  };
}

export function attestationMessage(
  { kind, path, predicateType, subjects, metadata }: FrontendAttestation,
  ref: Init<typeof attestation>['ref'],
): Init<typeof attestation> {
  return {
    kind: kind === 'bundle' ? attestationKind.Bundle : attestationKind.InToto,
    ref,
    path,
    metadata,
    inTotoPredicateType: predicateType,
    inTotoSubjects: subjects.map((subject) => ({
      kind: subject.kind === 'raw' ? inTotoSubjectKind.Raw : inTotoSubjectKind.Self,
      name: subject.name,
      digest: subject.digests,
    })),
  };
}
