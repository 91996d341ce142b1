import { type DynamicModule, Global, Inject, type MiddlewareConsumer, Module, type NestModule } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import type { MaintenanceApi } from '@quorate/api';
import { MAINTENANCE_API } from '../member/tokens';
import { createDoor } from './door.middleware';
import { DoorRules } from './door-rules';
import { FeaturesController } from './features.controller';
import { NamespacesController } from './namespaces.controller';
import { Reader } from './reader';
import { RestErrorFilter } from './rest-error.filter';
import { REST_OPTIONS, type RestOptions } from './rest-options';

/** What all of the platform's REST API stands on: its door, its errors, its way of reading; and namespaces, which every noun has. */
@Global()
@Module({
  controllers: [FeaturesController, NamespacesController],
  providers: [
    Reader,
    { provide: DoorRules, inject: [REST_OPTIONS], useFactory: (options: RestOptions) => new DoorRules(options) },
    { provide: APP_FILTER, useClass: RestErrorFilter },
  ],
  exports: [Reader, DoorRules],
})
export class RestModule implements NestModule {
  constructor(private readonly rules: DoorRules, @Inject(MAINTENANCE_API) private readonly maintenance: MaintenanceApi) {}

  static register(options: RestOptions): DynamicModule {
    return { module: RestModule, providers: [{ provide: REST_OPTIONS, useValue: options }], exports: [REST_OPTIONS] };
  }

  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(createDoor(this.rules, this.maintenance)).forRoutes('api', 'api/{*rest}');
  }
}
