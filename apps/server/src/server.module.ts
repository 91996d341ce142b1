import { type DynamicModule, Module } from '@nestjs/common';
import type { Clock, Random } from '@quorate/api';
import type { Logger } from '@quorate/core';
import type { RunningMember } from '@quorate/runtime';
import { CLOCK, KV_API, LOGGER, MAINTENANCE_API, RANDOM } from './member/tokens';

export interface ServerModuleOptions {
  readonly member: RunningMember;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** The features of the platform, on one member. */
@Module({})
export class ServerModule {
  static forMember({ member, clock, random, logger }: ServerModuleOptions): DynamicModule {
    const providers = [
      { provide: KV_API, useValue: member.replica.kv },
      { provide: MAINTENANCE_API, useValue: member.replica.maintenance },
      { provide: CLOCK, useValue: clock },
      { provide: RANDOM, useValue: random },
      { provide: LOGGER, useValue: logger },
    ];
    return { module: ServerModule, global: true, imports: [], providers, exports: providers.map(({ provide }) => provide) };
  }
}
