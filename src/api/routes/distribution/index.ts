import type { Images } from '../../../images/index.ts';
import { type BoundRoute, bind } from '../../route.ts';
import { inspectDistribution } from './inspect.ts';

export function distributionRoutes(images: Images): readonly BoundRoute[] {
  return [bind(inspectDistribution, images)];
}
