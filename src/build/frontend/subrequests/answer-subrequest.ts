import { code, errorDetail, GrpcError } from '../../../grpc/index.ts';
import type { FrontendResult } from '../bridge.ts';
import type { FrontendBuild } from '../frontend-build.ts';
import type { Answer } from './answer.ts';
import { describeSubrequests } from './describe.ts';
import { lintAnswer } from './lint.ts';
import { outlineAnswer } from './outline.ts';
import { targetsAnswer } from './targets.ts';

type Answerer = (build: FrontendBuild, signal: AbortSignal) => Answer | Promise<Answer>;

const ANSWERERS: ReadonlyMap<string, Answerer> = new Map<string, Answerer>([
  ['frontend.subrequests.describe', describeSubrequests],
  ['frontend.lint', lintAnswer],
  ['frontend.outline', outlineAnswer],
  ['frontend.targets', targetsAnswer],
]);
const VERSION = '1.0.0';

/** Answers a request of `--call`. @throws EngineError; GrpcError for an unknown request */
export async function answerSubrequest(id: string, build: FrontendBuild, signal: AbortSignal): Promise<FrontendResult> {
  const answerer = ANSWERERS.get(id);
  if (answerer === undefined) {
    throw new GrpcError(code.unknown, `unsupported request ${id}`, {
      details: [errorDetail('errdefs.Subrequest', { name: id })],
    });
  }
  const { json, text, statusCode } = await answerer(build, signal);
  const values = {
    'result.json': JSON.stringify(json, undefined, 2),
    'result.txt': text,
    version: VERSION,
    ...(statusCode === undefined ? {} : { 'result.statuscode': String(statusCode) }),
  };
  const metadata = new Map(Object.entries(values).map(([key, value]) => [key, Buffer.from(value)]));
  return { refs: [], metadata };
}
