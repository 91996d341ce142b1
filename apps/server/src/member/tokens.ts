import type { InjectionToken } from '@nestjs/common';

/** What the Nest modules of a member are given. Provided once, globally, by whoever assembles the server. */

/** `KvApi` of @quorate/api: the store that every platform feature stands on. */
export const KV_API: InjectionToken = Symbol('KV_API');
/** `MaintenanceApi` of @quorate/api. */
export const MAINTENANCE_API: InjectionToken = Symbol('MAINTENANCE_API');
/** `Clock` of @quorate/api. */
export const CLOCK: InjectionToken = Symbol('CLOCK');
/** `Random` of @quorate/api. */
export const RANDOM: InjectionToken = Symbol('RANDOM');
/** `Logger` of @quorate/core. */
export const LOGGER: InjectionToken = Symbol('LOGGER');
