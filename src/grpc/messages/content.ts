/** containerd.services.content.v1: content by digest. The daemon serves the reading half, and a client's session both. */
import {
  bytes,
  enumeration,
  type Message,
  map,
  message,
  optional,
  repeated,
  safeInt64,
  string,
} from '../protobuf/descriptor.ts';
import { bidiStream, serverStream, service, unary } from '../service.ts';
import { empty, fieldMask, timestamp } from './google-protobuf.ts';

export const writeAction = { STAT: 0, WRITE: 1, COMMIT: 2 } as const;

export const info = message('containerd.services.content.v1.Info', {
  digest: string(1),
  size: safeInt64(2),
  created_at: optional(3, () => timestamp),
  updated_at: optional(4, () => timestamp),
  labels: map(string(5)),
});
export type Info = Message<typeof info>;

export const infoRequest = message('containerd.services.content.v1.InfoRequest', {
  digest: string(1),
});
export type InfoRequest = Message<typeof infoRequest>;

export const infoResponse = message('containerd.services.content.v1.InfoResponse', {
  info: optional(1, () => info),
});
export type InfoResponse = Message<typeof infoResponse>;

export const updateRequest = message('containerd.services.content.v1.UpdateRequest', {
  info: optional(1, () => info),
  update_mask: optional(2, () => fieldMask),
});
export type UpdateRequest = Message<typeof updateRequest>;

export const updateResponse = message('containerd.services.content.v1.UpdateResponse', {
  info: optional(1, () => info),
});
export type UpdateResponse = Message<typeof updateResponse>;

export const listContentRequest = message('containerd.services.content.v1.ListContentRequest', {
  filters: repeated(string(1)),
});
export type ListContentRequest = Message<typeof listContentRequest>;

export const listContentResponse = message('containerd.services.content.v1.ListContentResponse', {
  info: repeated(optional(1, () => info)),
});
export type ListContentResponse = Message<typeof listContentResponse>;

export const deleteContentRequest = message('containerd.services.content.v1.DeleteContentRequest', {
  digest: string(1),
});
export type DeleteContentRequest = Message<typeof deleteContentRequest>;

export const readContentRequest = message('containerd.services.content.v1.ReadContentRequest', {
  digest: string(1),
  offset: safeInt64(2),
  size: safeInt64(3),
});
export type ReadContentRequest = Message<typeof readContentRequest>;

export const readContentResponse = message('containerd.services.content.v1.ReadContentResponse', {
  offset: safeInt64(1),
  data: bytes(2),
});
export type ReadContentResponse = Message<typeof readContentResponse>;

export const status = message('containerd.services.content.v1.Status', {
  started_at: optional(1, () => timestamp),
  updated_at: optional(2, () => timestamp),
  ref: string(3),
  offset: safeInt64(4),
  total: safeInt64(5),
  expected: string(6),
});
export type Status = Message<typeof status>;

export const statusRequest = message('containerd.services.content.v1.StatusRequest', {
  ref: string(1),
});
export type StatusRequest = Message<typeof statusRequest>;

export const statusResponse = message('containerd.services.content.v1.StatusResponse', {
  status: optional(1, () => status),
});
export type StatusResponse = Message<typeof statusResponse>;

export const listStatusesRequest = message('containerd.services.content.v1.ListStatusesRequest', {
  filters: repeated(string(1)),
});
export type ListStatusesRequest = Message<typeof listStatusesRequest>;

export const listStatusesResponse = message('containerd.services.content.v1.ListStatusesResponse', {
  statuses: repeated(optional(1, () => status)),
});
export type ListStatusesResponse = Message<typeof listStatusesResponse>;

export const writeContentRequest = message('containerd.services.content.v1.WriteContentRequest', {
  action: enumeration(1),
  ref: string(2),
  total: safeInt64(3),
  expected: string(4),
  offset: safeInt64(5),
  data: bytes(6),
  labels: map(string(7)),
});
export type WriteContentRequest = Message<typeof writeContentRequest>;

export const writeContentResponse = message('containerd.services.content.v1.WriteContentResponse', {
  action: enumeration(1),
  started_at: optional(2, () => timestamp),
  updated_at: optional(3, () => timestamp),
  offset: safeInt64(4),
  total: safeInt64(5),
  digest: string(6),
});
export type WriteContentResponse = Message<typeof writeContentResponse>;

export const abortRequest = message('containerd.services.content.v1.AbortRequest', {
  ref: string(1),
});
export type AbortRequest = Message<typeof abortRequest>;

export const content = service('containerd.services.content.v1.Content', {
  Info: unary(infoRequest, infoResponse),
  Update: unary(updateRequest, updateResponse),
  List: serverStream(listContentRequest, listContentResponse),
  Delete: unary(deleteContentRequest, empty),
  Read: serverStream(readContentRequest, readContentResponse),
  Status: unary(statusRequest, statusResponse),
  ListStatuses: unary(listStatusesRequest, listStatusesResponse),
  Write: bidiStream(writeContentRequest, writeContentResponse),
  Abort: unary(abortRequest, empty),
});
