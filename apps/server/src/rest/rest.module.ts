import { type DynamicModule, Global, Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { DoorRules } from './door-rules';
import { FeaturesController } from './features.controller';
import { NamespacesController } from './namespaces.controller';
import { Reader } from './reader';
import { RestErrorFilter } from './rest-error.filter';
import { REST_OPTIONS, type RestOptions } from './rest-options';

/** What all of the platform's REST API stands on: its errors, its way of reading; and namespaces, which every noun has. */
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
export class RestModule {
  static register(options: RestOptions): DynamicModule {
    return { module: RestModule, providers: [{ provide: REST_OPTIONS, useValue: options }], exports: [REST_OPTIONS] };
  }
}
