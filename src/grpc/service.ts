import type { Descriptor } from './protobuf/descriptor.ts';

/** How many messages a method has on each side. */
export type MethodKind = 'unary' | 'serverStream' | 'clientStream' | 'bidiStream';

/** A method of a service. `Request` and `Response` are the decoded forms, the others what can be encoded. */
export interface Method<Kind extends MethodKind, Request, RequestInit, Response, ResponseInit> {
  readonly kind: Kind;
  /** `/<service>/<method>`, the path of HTTP/2. */
  readonly path: string;
  readonly request: Descriptor<Request, RequestInit>;
  readonly response: Descriptor<Response, ResponseInit>;
}

export type AnyMethod = Method<MethodKind, unknown, unknown, unknown, unknown>;
type Unnamed<M> = Omit<M, 'path'>;
type MethodMaker<Kind extends MethodKind> = <Request, RequestInit, Response, ResponseInit>(
  request: Descriptor<Request, RequestInit>,
  response: Descriptor<Response, ResponseInit>,
) => Unnamed<Method<Kind, Request, RequestInit, Response, ResponseInit>>;

export const unary: MethodMaker<'unary'> = (request, response) => ({ kind: 'unary', request, response });
export const serverStream: MethodMaker<'serverStream'> = (request, response) => ({
  kind: 'serverStream',
  request,
  response,
});
export const clientStream: MethodMaker<'clientStream'> = (request, response) => ({
  kind: 'clientStream',
  request,
  response,
});
export const bidiStream: MethodMaker<'bidiStream'> = (request, response) => ({ kind: 'bidiStream', request, response });

/** Names methods by their service: `service('grpc.health.v1.Health', { Check: unary(…) }).Check.path`. */
export function service<M extends Readonly<Record<string, Unnamed<AnyMethod>>>>(
  name: string,
  methods: M,
): { readonly [K in keyof M]: M[K] & { readonly path: string } };
export function service(name: string, methods: Readonly<Record<string, Unnamed<AnyMethod>>>) {
  return Object.fromEntries(
    Object.entries(methods).map(([method, spec]) => [method, { ...spec, path: `/${name}/${method}` }]),
  );
}
