/** Runs before each file of the projects that name it in the settings of Vitest. */
import { shareProtos } from './share-protos.ts';

shareProtos();
