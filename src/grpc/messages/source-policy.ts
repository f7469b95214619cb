/** moby.buildkit.v1.sourcepolicy: rules that refuse sources or replace them. Numbers and names are those of BuildKit 0.32. */
import {
  enumeration,
  type Message,
  map,
  message,
  optional,
  repeated,
  safeInt64,
  string,
} from '../protobuf/descriptor.ts';

export const policyAction = { ALLOW: 0, DENY: 1, CONVERT: 2 } as const;

export const attrMatch = { EQUAL: 0, NOTEQUAL: 1, MATCHES: 2 } as const;

export const matchType = { WILDCARD: 0, EXACT: 1, REGEX: 2 } as const;

export const rule = message('moby.buildkit.v1.sourcepolicy.Rule', {
  action: enumeration(1),
  selector: optional(2, () => selector),
  updates: optional(3, () => update),
});
export type Rule = Message<typeof rule>;

export const update = message('moby.buildkit.v1.sourcepolicy.Update', {
  identifier: string(1),
  attrs: map(string(2)),
});
export type Update = Message<typeof update>;

export const selector = message('moby.buildkit.v1.sourcepolicy.Selector', {
  identifier: string(1),
  match_type: enumeration(2),
  constraints: repeated(optional(3, () => attrConstraint)),
});
export type Selector = Message<typeof selector>;

export const attrConstraint = message('moby.buildkit.v1.sourcepolicy.AttrConstraint', {
  key: string(1),
  value: string(2),
  condition: enumeration(3),
});
export type AttrConstraint = Message<typeof attrConstraint>;

export const policy = message('moby.buildkit.v1.sourcepolicy.Policy', {
  version: safeInt64(1),
  rules: repeated(optional(2, () => rule)),
});
export type Policy = Message<typeof policy>;
