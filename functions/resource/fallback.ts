import { fallback } from '#endpoints/resource-fallback.ts';
import { resourceSurface } from '#shared/families/resource/surface.ts';
import { fallbackFunction } from '#shared/runtime/fallback-function.ts';

fallbackFunction(fallback, resourceSurface);
