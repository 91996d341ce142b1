import { type DynamicModule, Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import type { Clock, KvApi } from '@quorate/api';
import { Registry, Sessions, Writer } from '@quorate/recipes';
import { CLOCK, KV_API } from '../member/tokens';
import { OpenAccess, WS_ACCESS, type WsAccess } from './access';
import { AdmissionGuard } from './admission.guard';
import { Connections } from './connections';
import { FlushQueue } from './flush-queue';
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
    const recipe = (make: (writer: Writer, clock: Clock) => unknown) => (kv: KvApi, clock: Clock): unknown => make(new Writer(kv, clock), clock);
    return {
      module: WsModule,
      imports: [DiscoveryModule],
      providers: [
        PlatformGateway, Connections, FlushQueue, TopicRegistry, SubscribePipe, AdmissionGuard, FrameErrorFilter,
        { provide: Sessions, inject: [KV_API, CLOCK], useFactory: recipe((writer, clock) => new Sessions(writer, clock)) },
        { provide: Registry, inject: [KV_API, CLOCK], useFactory: recipe((writer, clock) => new Registry(writer, clock)) },
        { provide: WS_ACCESS, useValue: access },
        { provide: WS_LIMITS, useValue: { ...DEFAULT_WS_LIMITS, ...limits } },
      ],
      exports: [Connections],
    };
  }
}
