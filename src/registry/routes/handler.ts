import type { Answer, Call } from '../http/call.ts';
import type { Registry } from '../registry.ts';

/** Responds to the requests of one route and method. @throws RegistryError */
export type Handler<Params> = (registry: Registry, params: Params, call: Call) => Promise<Answer> | Answer;
