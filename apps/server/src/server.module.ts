import { type DynamicModule, Module } from '@nestjs/common';
import type { Clock, Random } from '@quorate/api';
import type { Logger } from '@quorate/core';
import type { RunningMember } from '@quorate/runtime';
import { QUORATE_VERSION } from './config/version';
import { CLOCK, KV_API, LOGGER, MAINTENANCE_API, RANDOM } from './member/tokens';
import type { DoorRulesOptions } from './rest/door-rules';
import { PlatformModule } from './rest/platform.module';
import { TopicsModule } from './ws/topics/topics.module';
import { WsModule } from './ws/ws.module';

export interface ServerModuleOptions {
  readonly member: RunningMember;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Who may use the platform's API from a browser. */
  readonly rules: DoorRulesOptions;
}

/** The features of the platform, on one member. */
@Module({})
export class ServerModule {
  static forMember({ member, clock, random, logger, rules }: ServerModuleOptions): DynamicModule {
    const providers = [
      { provide: KV_API, useValue: member.replica.kv },
      { provide: MAINTENANCE_API, useValue: member.replica.maintenance },
      { provide: CLOCK, useValue: clock },
      { provide: RANDOM, useValue: random },
      { provide: LOGGER, useValue: logger },
    ];
    return {
      module: ServerModule, global: true, providers, exports: providers.map(({ provide }) => provide),
      imports: [PlatformModule.register({ ...rules, version: QUORATE_VERSION }), WsModule.register(), TopicsModule],
    };
  }
}
