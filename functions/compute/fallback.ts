import { fallback } from '#endpoints/compute-fallback.ts';
import { computeSurface } from '#shared/families/compute/surface.ts';
import { fallbackFunction } from '#shared/runtime/fallback-function.ts';

fallbackFunction(fallback, computeSurface);
