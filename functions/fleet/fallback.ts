import { fallback } from '#endpoints/fleet-fallback.ts';
import { fleetSurface } from '#shared/families/fleet/surface.ts';
import { fallbackFunction } from '#shared/runtime/fallback-function.ts';

fallbackFunction(fallback, fleetSurface);
