import { type DynamicModule, Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { OpenAccess, WS_ACCESS, type WsAccess } from './access';
import { AdmissionGuard } from './admission.guard';
import { Connections } from './connections';
import { FrameErrorFilter } from './frame-error.filter';
import { PlatformGateway } from './platform.gateway';
import { SubscribePipe } from './subscribe.pipe';
import { TopicRegistry } from './topic-registry';
import { DEFAULT_WS_LIMITS, WS_LIMITS, type WsLimits } from './ws-limits';

export interface WsModuleOptions {
  /** Default: everybody may do everything. */
  readonly access?: WsAccess;
  readonly limits?: Partial<WsLimits>;
}

/** The platform's WebSocket. Topics are providers of other modules, found by `@WsTopic`. */
@Module({})
export class WsModule {
  static register({ access = new OpenAccess(), limits = {} }: WsModuleOptions = {}): DynamicModule {
    return {
      module: WsModule,
      imports: [DiscoveryModule],
      providers: [
        PlatformGateway, Connections, TopicRegistry, SubscribePipe, AdmissionGuard, FrameErrorFilter,
        { provide: WS_ACCESS, useValue: access },
        { provide: WS_LIMITS, useValue: { ...DEFAULT_WS_LIMITS, ...limits } },
      ],
      exports: [Connections],
    };
  }
}
