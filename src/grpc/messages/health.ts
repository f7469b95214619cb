/** grpc.health.v1: whether the other side still answers. */
import { enumeration, type Message, map, message, optional, string } from '../protobuf/descriptor.ts';
import { serverStream, service, unary } from '../service.ts';

export const healthCheckResponseServingStatus = { UNKNOWN: 0, SERVING: 1, NOT_SERVING: 2, SERVICE_UNKNOWN: 3 } as const;

export const healthCheckRequest = message('grpc.health.v1.HealthCheckRequest', {
  service: string(1),
});
export type HealthCheckRequest = Message<typeof healthCheckRequest>;

export const healthCheckResponse = message('grpc.health.v1.HealthCheckResponse', {
  status: enumeration(1),
});
export type HealthCheckResponse = Message<typeof healthCheckResponse>;

export const healthListRequest = message('grpc.health.v1.HealthListRequest', {});
export type HealthListRequest = Message<typeof healthListRequest>;

export const healthListResponse = message('grpc.health.v1.HealthListResponse', {
  statuses: map(optional(1, () => healthCheckResponse)),
});
export type HealthListResponse = Message<typeof healthListResponse>;

export const health = service('grpc.health.v1.Health', {
  Check: unary(healthCheckRequest, healthCheckResponse),
  List: unary(healthListRequest, healthListResponse),
  Watch: serverStream(healthCheckRequest, healthCheckResponse),
});
