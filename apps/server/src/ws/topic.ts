import type { Type } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import type { Scope } from '@quorate/recipes';
import type { Access } from '../rest/access';
import type { SubscribeFrame } from './frames.dto';

/**
 * What a feature offers to be followed over the socket. A provider of any module that carries `@WsTopic(name)` is one;
 * what it tells has the JSON of the feature's REST answers, since both read it by the same scope.
 */
export interface Topic<Frame extends SubscribeFrame = SubscribeFrame> {
  /** The DTO of its subscribe frames. */
  readonly frame: Type<Frame>;
  /** What a subscriber needs to be allowed. */
  accessOf(frame: Frame): Access;
  /** @throws PlatformError where the frame names nothing that can be followed */
  scopeOf(frame: Frame): Scope<unknown, unknown>;
}

/** Marks a provider as the topic with this name. */
export const WsTopic = DiscoveryService.createDecorator<string>();
