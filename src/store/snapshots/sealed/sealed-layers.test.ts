import { sealedLayersSuite } from './sealed-layers.suite.ts';

sealedLayersSuite('overlay2');
sealedLayersSuite('vfs');
