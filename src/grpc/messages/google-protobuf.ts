/** google.protobuf: types that every protocol may use. */
import { bytes, int32, type Message, message, repeated, safeInt64, string } from '../protobuf/descriptor.ts';

export const empty = message('google.protobuf.Empty', {});
export type Empty = Message<typeof empty>;

export const fieldMask = message('google.protobuf.FieldMask', {
  paths: repeated(string(1)),
});
export type FieldMask = Message<typeof fieldMask>;

export const timestamp = message('google.protobuf.Timestamp', {
  seconds: safeInt64(1),
  nanos: int32(2),
});
export type Timestamp = Message<typeof timestamp>;

export const any = message('google.protobuf.Any', {
  type_url: string(1),
  value: bytes(2),
});
export type Any = Message<typeof any>;
