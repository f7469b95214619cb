import type { Containers } from '../../../containers/index.ts';
import { type BoundRoute, bind } from '../../route.ts';
import { createExec } from './create.ts';
import { inspectExec } from './inspect.ts';
import { resizeExec } from './resize.ts';
import { startExec } from './start.ts';

export function execRoutes(containers: Containers): readonly BoundRoute[] {
  return [
    bind(createExec, containers),
    bind(startExec, containers),
    bind(inspectExec, containers),
    bind(resizeExec, containers),
  ];
}
