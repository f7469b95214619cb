import type { Builder, ClassicBuilder } from '../../../build/index.ts';
import { type BoundRoute, bind } from '../../route.ts';
import { buildImage } from './build.ts';
import { cancelBuild } from './cancel.ts';
import { grpc } from './grpc.ts';
import { pruneBuildCache } from './prune.ts';
import { session } from './session.ts';

export function buildRoutes(builder: Builder, classic: ClassicBuilder, isExperimental: boolean): readonly BoundRoute[] {
  return [
    bind(buildImage, { classic, builder, isExperimental }),
    bind(grpc, builder),
    bind(session, builder),
    bind(pruneBuildCache, builder),
    bind(cancelBuild, { builder, classic }),
  ];
}
