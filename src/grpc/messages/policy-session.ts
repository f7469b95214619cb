/** moby.buildkit.v1.sourcepolicy.policysession: a client's own decision about each source. Numbers and names are those of BuildKit 0.32. */
import {
  bool,
  enumeration,
  type Message,
  map,
  message,
  oneof,
  optional,
  repeated,
  string,
} from '../protobuf/descriptor.ts';
import { service, unary } from '../service.ts';
import { resolveSourceMetaRequest, resolveSourceMetaResponse } from './gateway.ts';
import { platform, sourceOp } from './pb.ts';

export const checkPolicyRequest = message('moby.buildkit.v1.sourcepolicy.policysession.CheckPolicyRequest', {
  Platform: optional(1, () => platform),
  Source: optional(2, () => resolveSourceMetaResponse),
  caps: map(bool(3)),
});
export type CheckPolicyRequest = Message<typeof checkPolicyRequest>;

export const checkPolicyResponse = message('moby.buildkit.v1.sourcepolicy.policysession.CheckPolicyResponse', {
  ...oneof('result', {
    decision: optional(1, () => decisionResponse),
    request: optional(2, () => resolveSourceMetaRequest),
  }),
});
export type CheckPolicyResponse = Message<typeof checkPolicyResponse>;

export const decisionResponse = message('moby.buildkit.v1.sourcepolicy.policysession.DecisionResponse', {
  action: enumeration(1),
  denyMessages: repeated(optional(2, () => denyMessage)),
  update: optional(3, () => sourceOp),
});
export type DecisionResponse = Message<typeof decisionResponse>;

export const denyMessage = message('moby.buildkit.v1.sourcepolicy.policysession.DenyMessage', {
  message: string(1),
});
export type DenyMessage = Message<typeof denyMessage>;

export const policyVerifier = service('moby.buildkit.v1.sourcepolicy.policysession.PolicyVerifier', {
  CheckPolicy: unary(checkPolicyRequest, checkPolicyResponse),
});
