import { repeatedLayersSuite } from './repeated-layers.suite.ts';

repeatedLayersSuite('vfs', [
  'apart',
  'the base itself, over and over',
  'the empty layer, of several sizes',
  'made opaque again and again',
]);
