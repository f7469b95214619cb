import { containerFilesSuite } from './container-files.suite.ts';

containerFilesSuite('overlay2');
containerFilesSuite('vfs');
