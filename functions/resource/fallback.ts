import { fallback } from '#endpoints/resource-fallback.ts';
import { resourceFamily } from '#shared/families/resource/family-adapter.ts';
import { fallbackFunction } from '#shared/runtime/fallback-function.ts';

fallbackFunction(fallback, resourceFamily);
