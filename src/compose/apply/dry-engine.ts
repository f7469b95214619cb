import type { Engine, EngineRequest, EngineResponse } from '../../client/index.ts';

const CREATED = /^\/containers\/create$/;

/** An engine that answers questions, and only says that it has done what would change something. For `--dry-run`. */
export function dryEngine(engine: Engine): Engine {
  const isQuestion = ({ method }: EngineRequest): boolean => method === 'GET' || method === 'HEAD';
  const answer = (request: EngineRequest): unknown =>
    CREATED.test(request.path) ? { Id: `dry-run-${String(request.query?.['name'])}` } : {};
  const nothing: EngineResponse = {
    status: 200,
    headers: {},
    body: emptyBody(),
    text: async () => '',
  };
  return {
    request: async (request) => (isQuestion(request) ? await engine.request(request) : nothing),
    json: async <T>(request: EngineRequest) =>
      isQuestion(request) ? await engine.json<T>(request) : (answer(request) as T),
    send: async (request) => !isQuestion(request) || (await engine.send(request)),
    hijack: (request) => engine.hijack(request),
  };
}

async function* emptyBody(): AsyncGenerator<Buffer> {}
