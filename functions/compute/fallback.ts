import { fallback } from '#endpoints/compute-fallback.ts';
import { computeFamily } from '#shared/families/compute/family-adapter.ts';
import { fallbackFunction } from '#shared/runtime/fallback-function.ts';

fallbackFunction(fallback, computeFamily);
