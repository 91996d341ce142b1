import type { DoorRulesOptions } from './door-rules';

export interface RestOptions extends DoorRulesOptions {
  /** Of the product. */
  readonly version: string;
}

/** Provider token of {@link RestOptions}. */
export const REST_OPTIONS = Symbol('REST_OPTIONS');
