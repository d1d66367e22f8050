import { fallback } from '#endpoints/fleet-fallback.ts';
import { fleetFamily } from '#shared/families/fleet/family-adapter.ts';
import { fallbackFunction } from '#shared/runtime/fallback-function.ts';

fallbackFunction(fallback, fleetFamily);
